from __future__ import annotations

from recon.core.warm.warm import every_kernel, warm


def test_warm_compiles_every_matching_kernel():
    """After warm-up each kernel of the matcher has machine code, or is compiled into another."""
    compiled = set(warm())
    wanted = {"exact.link_partitions", "pairing.pair_rest", "group_facts.rank_groups", "fee.price"}
    wanted |= {"group_facts.gather_facts", "repeats.chain_repeats"}
    assert wanted <= compiled
    assert compiled <= {name for name, _ in every_kernel()}
