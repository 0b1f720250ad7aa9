"""Opening the desk: everything that a morning works with, closed again in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.app import adapters
from newsletter.app.files import fingerprint, folders, load_prompt
from newsletter.app.ledger import new_lease
from newsletter.delivery.lease import Lease
from newsletter.models import ArchiveMode, Masthead
from newsletter.readers import Counter, in_force, joining
from newsletter.settings import Settings
from newsletter.transports.outbox import Outbox

if TYPE_CHECKING:
    from newsletter.pipeline import Desk, Progress, Sender


@contextmanager
def open_desk(
    settings: Settings,
    counter: Counter,
    masthead: Masthead,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    patience: float | None = None,
    without_model: bool = False,
    lease: Lease | None = None,
) -> Iterator[Desk]:
    """Everything a morning needs, over the counter's ledger; its readers are those whom `take_in` put in force.

    `patience`: seconds for which a model that does not serve is waited for; `without_model`: none is asked.

    Raises ConfigurationError or TemplateError before anything is sent.
    """
    from newsletter.pipeline import UNHEARD, Desk, no_progress  # with all stages, which short commands do not need
    from newsletter.render import Renderer

    templates = folders("templates", settings.subscribers)
    mode = masthead.newsletter.archive
    letterhead = replace(
        adapters.letterhead(settings, counter.store),
        archive=mode is not ArchiveMode.NONE,
        private=mode is ArchiveMode.PRIVATE,
    )
    letterhead = replace(letterhead, joins=joining.is_open(masthead, letterhead, settings.admin_email))
    alarm = UNHEARD if dry_run else counter.alarms
    models = (None, None) if without_model else adapters.models(settings, counter.store, alarm, patience)
    folder = "dry-run" if dry_run else settings.kind.folder
    with (
        closing(
            Outbox(settings.data_dir / folder) if dry_run else adapters.open_transport(settings, counter)
        ) as transport,
        closing(adapters.source(settings, counter.store)) as source,
    ):
        yield Desk(
            store=counter.store,
            source=source,
            transport=transport,
            renderer=Renderer(templates, settings.data_dir / "cache"),
            roster=masthead,
            letterhead=letterhead,
            keys=counter.keys,
            score_prompt=load_prompt("score.md", settings.subscribers),
            summary_prompt=load_prompt("summarise.md", settings.subscribers),
            translate_prompt=load_prompt("translate.md", settings.subscribers),
            model=None if without_model else settings.model,
            model_skipped=without_model and settings.model is not None,
            scorer=models[0],
            summary_model=None if without_model else settings.summary_model or settings.model,
            summariser=models[1],
            fallbacks=settings.fallback_models,
            max_cost_usd=settings.max_cost_usd,
            prefilter=settings.prefilter,
            prefilter_loss=settings.prefilter_loss,
            lease=lease or (None if counter.store.in_memory else new_lease(counter.store, "run", settings.lease)),
            send_rate=settings.send_rate,
            daily_limit=settings.daily_limit,
            timezone=masthead.newsletter.timezone,
            salt=f"{fingerprint(templates)} {letterhead!r}",
            holidays=settings.arxiv_holidays,
            now=counter.now,
            progress=progress or no_progress,
            alarm=alarm,
            data_dir=settings.data_dir,
            outbox=settings.data_dir / folder if folder else None,
            templates=tuple(templates),
        )


@contextmanager
def open_sender(settings: Settings, counter: Counter, lease: Lease) -> Iterator[Sender]:
    """What a worker needs to send what others planned; `lease` is kept by the caller."""
    from newsletter.pipeline import Sender

    listed = in_force.last_good(counter.store)
    with closing(adapters.open_transport(settings, counter)) as transport:
        yield Sender(
            store=counter.store,
            transport=transport,
            letterhead=counter.letterhead,
            keys=counter.keys,
            lease=lease,
            send_rate=settings.send_rate,
            daily_limit=settings.daily_limit,
            timezone=listed.masthead.newsletter.timezone if listed else "UTC",
            now=counter.now,
            alarm=counter.alarms,
        )
