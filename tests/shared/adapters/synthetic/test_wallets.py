"""The population: every role in its number, members of a cluster alike, wash traders in pairs."""

import numpy as np
import pytest

from shared.adapters.synthetic.wallets import Role, Style, make_wallets
from shared.adapters.synthetic.world import BENCH, HOUSE, Scale, streams


@pytest.mark.parametrize("scale", [HOUSE, BENCH])
def test_roles_have_their_part_of_the_wallets(scale: Scale) -> None:
    wallets = make_wallets(streams(2)["wallets"], scale)
    assert wallets.count == scale.wallets
    assert len(set(wallets.address)) == wallets.count
    part = {role: float((wallets.role == role).mean()) for role in Role}
    assert 0.04 < part[Role.SKILLED] < 0.06
    assert 0.6 < part[Role.NOISE] < 0.9
    assert part[Role.MARKET_MAKER] == pytest.approx(0.015)


def test_members_of_a_cluster_act_like_their_leader_and_not_on_their_own() -> None:
    wallets = make_wallets(streams(2)["wallets"], HOUSE)
    members = np.flatnonzero(wallets.leader >= 0)
    leaders = wallets.leader[members]
    assert len(members) >= 10
    assert (wallets.leader[leaders] < 0).all()
    for column in (wallets.role, wallets.style, wallets.pair, wallets.median_usd, wallets.threshold):
        assert (column[members] == column[leaders]).all()
    acting = np.concatenate([wallets.having(role) for role in Role])
    assert not set(members.tolist()) & set(acting.tolist())


def test_wash_traders_come_in_pairs_of_two() -> None:
    wallets = make_wallets(streams(2)["wallets"], HOUSE)
    _, sizes = np.unique(wallets.pair[wallets.role == Role.WASH], return_counts=True)
    assert (sizes == 2).all()


def test_slow_and_fast_are_styles_of_the_skilled_alone() -> None:
    wallets = make_wallets(streams(2)["wallets"], HOUSE)
    informed = (wallets.style == Style.SLOW) | (wallets.style == Style.FAST)
    assert ((wallets.role == Role.SKILLED) == informed).all()
