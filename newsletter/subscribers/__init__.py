"""`subscribers.yaml` ↔ values. What does not fit is a finding with file, line and remedy; a write changes one line.

`tree` reads YAML as nodes with their places, `values` turns the text of a scalar into a value, `roster` makes a
`Roster` of both, `edit` changes one field of one entry and leaves every other byte alone, `removing` removes entries.
`table` reads and writes CSV, `entries` writes readers as entries, `references` reads bibliographies, which `library`
finds beside the list. `schema` tells editors what is read, and `shapes` what each converter takes.
"""

from newsletter.subscribers.edit import Edit, remove_field, set_field, write_fields
from newsletter.subscribers.files import is_unchanged
from newsletter.subscribers.removing import empty, remove_entry
from newsletter.subscribers.roster import load, parse
from newsletter.subscribers.schema import SCHEMA_FILE, schema_text

__all__ = [
    "SCHEMA_FILE",
    "Edit",
    "empty",
    "is_unchanged",
    "load",
    "parse",
    "remove_entry",
    "remove_field",
    "schema_text",
    "set_field",
    "write_fields",
]
