"""Edition → emails. MJML once per template, Jinja once per edition, headers and slots once per reader.

content.py decides what an email contains, layout.py how much of each paper, templates.py reads the templates,
renderer.py fits and writes, slots.py and mime.py make bytes with places for tokens, letters.py the reader's email;
answer.py and short.py make what we answer to a reply.
"""

from newsletter.render.letters import message_id, personalise
from newsletter.render.renderer import HTML_LIMIT, Renderer
from newsletter.render.slots import LEAVE, PREFERENCES

__all__ = ["HTML_LIMIT", "LEAVE", "PREFERENCES", "Renderer", "message_id", "personalise"]
