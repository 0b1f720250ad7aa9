"""The arXiv newsletter that researchers keep. The modules are the stages; read them in this order:

    papers     = collect(arXiv)                  # complete, by announced ids
    scores     = scoring(papers, topics)         # a model judges; without one, ranking orders by words
    picks      = selection(scores)               # thresholds, order
    summaries  = summarise(picks)                # checked one-liners in the readers' languages
    editions   = digest(picks, summaries)        # one for all readers with equal wishes
    emails      = render(editions)                # MJML once per template, Jinja once per edition, slots per reader
    delivery(emails)                              # each reader once, whatever dies
    inbound(emails)  -> replies -> readers       # the way back: what is meant, what we answer, what changes

`pipeline` calls them and saves after each. `app` opens what they work with: a desk for the morning, a counter for all
that comes back. `cli`, `scheduler` and `web` start it.
"""

__version__ = "1.0.0"
