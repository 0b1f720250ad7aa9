"""The values that travel between stages: frozen, and without clients, prompts or loggers. One file per subject."""

from newsletter.models.deliveries import (
    FENCED,
    HEARD_OF,
    REPEATED,
    Answer,
    Beat,
    Claim,
    Delivery,
    DeliveryState,
    DomainPause,
    Outcome,
    Outgoing,
    Verdict,
    Worker,
    always,
    may_follow,
)
from newsletter.models.editions import Edition, Entry, Notice, NoticeKind, Section, Why, Withdrawal
from newsletter.models.emails import Head, Header, Letterhead, Message, PrintedPaper, Rendered, Slotted, Span
from newsletter.models.findings import Finding, grouped
from newsletter.models.issues import NOT_SERVED, Figures, Issue, IssueState, ModelFacts, ModelOutcome
from newsletter.models.judgements import (
    AnswerState,
    Bill,
    Completion,
    Judged,
    Line,
    Pick,
    Prompt,
    Ranked,
    Score,
    Seen,
    Summary,
    Usage,
)
from newsletter.models.papers import Announced, AnnounceType, ArxivId, Paper
from newsletter.models.replies import (
    Action,
    Attempt,
    Bounce,
    Command,
    DeliveryEvent,
    EventKind,
    Incoming,
    Meaning,
    Posted,
    Question,
)
from newsletter.models.subscribers import (
    AbstractLanguage,
    Abstracts,
    ArchiveMode,
    Consent,
    Enrolled,
    Frequency,
    Hours,
    JoinMode,
    JoinRequest,
    JoinState,
    Leanings,
    Masthead,
    Moved,
    Newsletter,
    Preference,
    QuietDays,
    Reader,
    Roster,
    Source,
    Subscriber,
    SubscriberState,
    Topic,
    Usual,
    Wishes,
)
from newsletter.models.taste import Mark, MarkedBy, MarkKind, Marks, Printed
from newsletter.models.troubles import Trouble

__all__ = [
    "FENCED", "HEARD_OF", "NOT_SERVED", "REPEATED", "AbstractLanguage", "Abstracts", "Action", "AnnounceType",
    "Announced", "Answer", "AnswerState", "ArchiveMode", "ArxivId", "Attempt", "Beat", "Bill", "Bounce", "Claim",
    "Command", "Completion", "Consent", "Delivery", "DeliveryEvent", "DeliveryState", "DomainPause", "Edition",
    "Enrolled", "Entry", "EventKind", "Figures", "Finding", "Frequency", "Head", "Header", "Hours", "Incoming", "Issue",
    "IssueState", "JoinMode", "JoinRequest", "JoinState", "Judged", "Leanings", "Letterhead", "Line", "Mark",
    "MarkKind", "MarkedBy", "Marks", "Masthead", "Meaning", "Message", "ModelFacts", "ModelOutcome", "Moved",
    "Newsletter", "Notice", "NoticeKind", "Outcome", "Outgoing", "Paper", "Pick", "Posted", "Preference", "Printed",
    "PrintedPaper", "Prompt", "Question", "QuietDays", "Ranked", "Reader", "Rendered", "Roster", "Score", "Section",
    "Seen", "Slotted", "Source", "Span", "Subscriber", "SubscriberState", "Summary", "Topic", "Trouble", "Usage",
    "Usual", "Verdict", "Why", "Wishes", "Withdrawal", "Worker", "always", "grouped", "may_follow",
]  # fmt: skip
