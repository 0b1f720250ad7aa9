"""Providers that take the emails of many readers in one HTTP call: what their transports share.

sending   several calls at once, and what an answer means for its emails, for the next calls and for everyone
content   what is the same for all readers once, with places for what is a reader's own
"""
