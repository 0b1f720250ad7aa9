"""What comes back: an email, a provider's event → what it means → what changes → what we answer.

receiving  an email from a mailbox, a hook or a file: acted on first, recorded second
reading    what it means; for strangers in a process of its own (worker)
setting_aside  emails that nobody can read: tried twice, then named
keeping    those that a provider posted: in files
acting     what a meaning does
answering  the one answer, sent at most once in seven days
answers    its text and bytes
bounces    when a reader whose email comes back gets no more: pure
events     what a provider reports of emails that it took
"""
