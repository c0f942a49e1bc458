"""Who may close a matter, and decide about a finding: people whom contacts.csv names for the enterprise, county, city or province."""

from __future__ import annotations

from ingest.registry import LEVELS, Registry


def may_close(registry: Registry, source: str, stage: int, who: str) -> bool:
    """Return whether a person may close a source's matter at a stage: where nobody is named for any level, everybody may.

    Stages 0 and 1 are the enterprise's, 2 the county's, 3 the city's, 4 the province's. A person acts at the stage of the contact that names
    them and at lower ones, for the counties and enterprises to which that contact is narrowed.

    Source:
        Emission_rules 10, escalation ladder (proposal).
    """
    named = [contact for contact in registry.contacts if contact.people and contact.level]
    if not named:
        return True
    enterprises = {row.source: row.enterprise for row in registry.sources}
    counties = {row.enterprise: row.county for row in registry.enterprises}
    enterprise = enterprises.get(source, "")
    return any(
        who in [" ".join(name.split()) for name in contact.people.split(";")]
        and LEVELS.index(contact.level) >= stage
        and (not contact.counties or counties.get(enterprise, "") in contact.counties.split())
        and (not contact.enterprises or enterprise in contact.enterprises.split())
        for contact in named
    )
