"""What comes back: an email, a provider's event → what it means → what changes → what we answer.

receiving  an email from a mailbox, a hook or a file: acted on first, recorded second
reading    what it means; for strangers in a process of its own (worker)
setting_aside  emails that nobody can read: tried twice, then named
keeping    those that a provider posted: in files
acting     what a meaning does
commands   what each command does, and what is said before and after it: a new one is one entry
questions  what was asked back, until the yes
responses  what one email back says, before it is in somebody's language
answering  the one email back, within its limits
answers    its text and bytes
bounces    when a reader whose email comes back gets no more: pure
events     what a provider reports of emails that it took
"""
