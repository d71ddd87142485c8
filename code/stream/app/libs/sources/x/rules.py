"""X keeps rules between runs: make those on its servers the ones of TRACK, no more and no less."""

from __future__ import annotations

from libs.sources.x.api import Api
from libs.values.topics import Topic


def reconcile_rules(api: Api, topics: tuple[Topic, ...]) -> dict[str, str]:
    """Delete rules that TRACK does not have, add those it has more, and return rule id → topic.

    Rules that stand already are left alone, so a restart costs one call. Raises what the API raises.
    """
    wanted = {(topic.rule, topic.name): topic for topic in topics}
    standing = api.read_rules()
    foreign = [rule.id for rule in standing if (rule.value, rule.tag) not in wanted]
    known = {(rule.value, rule.tag) for rule in standing}
    missing = [topic for key, topic in wanted.items() if key not in known]
    if foreign or missing:
        api.change_rules(foreign, missing)
        standing = api.read_rules()
    return {rule.id: rule.tag for rule in standing if rule.tag}
