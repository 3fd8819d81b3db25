"""The form of API keys: found by scanners, mistypings known without a look-up."""

from __future__ import annotations

from serve.identity.key_format import PREFIX, hash_of, is_well_formed, new_key


def test_a_key_knows_its_own_mistypings() -> None:
    key = new_key()
    wrong = [key[:-1], key + "0", key.swapcase(), "ubx_" + key[4:], "", "ubt_" + "é" * 46]

    assert key.startswith(PREFIX)
    assert is_well_formed(key)
    assert not any(map(is_well_formed, wrong))
    for place in range(len(PREFIX), len(key)):
        other = "0" if key[place] != "0" else "1"
        assert not is_well_formed(key[:place] + other + key[place + 1 :])


def test_keys_differ_and_so_do_their_hashes() -> None:
    keys = {new_key() for _ in range(100)}

    assert len(keys) == len({hash_of(key) for key in keys}) == 100
