"""Reports each problem once: to one person by email, to an external monitor, and in `/healthz`.

telling   one email when a problem begins, one when it is resolved
watching  what a tick finds wrong, and from when on it counts
domains   a mail server that refuses us: its readers wait, nobody is removed
pinging   NEWSLETTER_PING_URL
pulse     whether the service's loop lives
"""

from newsletter.alarms.pinging import ping
from newsletter.alarms.pulse import Pulse
from newsletter.alarms.telling import Alarms
from newsletter.alarms.watching import Watch

__all__ = ["Alarms", "Pulse", "Watch", "ping"]
