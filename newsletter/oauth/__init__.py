"""OAuth for mail servers: a token instead of a password, for providers that take no password any more.

providers   addresses and scopes of Microsoft and Google
settings    the operator's own application there
asking      one request for tokens, and what its answer means
keeping     the file that holds a sign-in
access      a token that is valid now, renewed before it expires
signing_in  a person agrees in a browser
xoauth2     a token as a mail server wants it

Without a package for it: see docs/decisions.md.
"""

from newsletter.oauth.access import Access
from newsletter.oauth.settings import OAuthSettings, access
from newsletter.oauth.xoauth2 import XOAuth2

__all__ = ["Access", "OAuthSettings", "XOAuth2", "access"]
