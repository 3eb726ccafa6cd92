"""Text that names the workers of a run: the head of the cluster, the cluster's nodes, or both."""

from __future__ import annotations

from ...aggregation.contract.execution import Execution
from ...cluster_client.backends import registry
from ...cluster_client.profiles.profile import Profile
from ...mapping.language import tr
from ..widgets.number_format import counted


def done_by(profile: Profile, runner: object) -> str:
    """Return a line on it from a manifest's `runner` (docs/reference/formats.md).

    Empty for a run that was not on one of the clusters of the profile's type, and for one without tasks.
    """
    done = Execution.of(runner)
    cluster = next((each for each in registry.of(profile).clusters if each.kind == done.kind), None)
    if cluster is None or not (done.head_tasks or done.cluster_tasks):
        return ""
    if not done.cluster_tasks:
        text = tr("on the head itself: less work than starting {cluster}")
        if done.without_cluster:
            text = tr("on the head alone, since {cluster} could not be had")
        elif done.same_cores:
            text = tr("on the head itself, whose cores are those of {cluster}")
        elif cluster.started(done.facts):
            text = tr("on the head itself, before {cluster} was up")
        return text.format(cluster=cluster.name)
    name = f"{cluster.name} {cluster.version(done.facts)}".strip()
    n = cluster.node_count(done.facts)
    if n:
        name = f"{name}, {counted(n, tr(cluster.node), tr(cluster.nodes))}"
    if done.without_cluster:
        return tr("on {cluster} until it was lost, the rest on the head").format(cluster=name)
    text = tr("on the head first, then on {cluster}") if done.head_tasks else tr("on {cluster}")
    return text.format(cluster=name)
