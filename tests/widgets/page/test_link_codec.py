"""Links restore the settings, and forged links do no harm."""

from hypothesis import given
from hypothesis import strategies as st

from clusterer.datasets import GENERATORS
from widgets.page.link_codec import KEYS, NAMES, read_box, read_link, write_box, write_link
from widgets.settings import SIGMA_BOUNDS, Settings

DEFAULTS = Settings().param.values()
# Six digits, as the sliders set them.
NUMBERS = st.floats(1, 1e6).map(lambda value: float(f"{value:.6g}"))
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "generator": st.sampled_from(sorted(GENERATORS)),
        "seed": st.integers(0, 9999),
        "noise": st.integers(0, 100).map(lambda percent: percent / 100),
        "keep_inactive": st.booleans(),
        "drop_singletons": st.booleans(),
        "join": st.booleans(),
        "points_per_s": st.one_of(NUMBERS, st.just(float("inf"))),
        "window_length": st.integers(10, 1_000_000),
        "classifier": st.sampled_from(["linear", "kernel"]),
        "classifier_teacher": st.sampled_from(["classes", "clusters"]),
        "classifier_budget": st.integers(1, 1000),
        "classifier_maintenance": st.sampled_from(["merge", "remove", "oldest"]),
        "classifier_peer": st.sampled_from(["", "sgd"]),
    },
)


SIGMAS = NUMBERS.map(lambda value: float(f"{value / 1000:.6g}"))
HALF_LIVES = NUMBERS | st.just(float("inf"))
CHOSEN = st.fixed_dictionaries(
    {},
    optional={
        "n_prototypes": st.integers(1, 1000),
        "sigma": SIGMAS,
        "half_life": HALF_LIVES,
        "classifier_sigma": SIGMAS,
        "classifier_half_life": HALF_LIVES,
    },
)


@given(CHOICES, CHOSEN)
def test_a_link_restores_the_settings(choices, chosen):
    settings = Settings(**choices)
    settings.param.update(**chosen, **{Settings.AUTOMATIC[name]: False for name in chosen})
    link = write_link(settings, DEFAULTS)
    values, complaints = read_link(link)
    assert complaints == []
    restored = Settings(**values)
    assert restored.model_parameters() == settings.model_parameters()
    classifiers = [each.classifier_settings(is_learning=True) for each in (restored, settings)]
    assert classifiers[0] == classifiers[1]
    for name in choices:
        assert getattr(restored, name) == getattr(settings, name)


def test_a_link_contains_only_changed_settings():
    assert write_link(Settings(), DEFAULTS) == {}
    assert write_link(Settings(n_prototypes=70, seed=1), DEFAULTS) == {"seed": "1"}
    # The defaults are the values with which the page starts.
    others = Settings(**dict.fromkeys(Settings.AUTOMATIC.values(), False)).param.values()
    automatic = ("k", "sigma", "memory", "width", "classifier-memory")
    assert write_link(Settings(), others) == dict.fromkeys(automatic, "auto")


@given(st.dictionaries(st.sampled_from(KEYS), st.text(max_size=60)))
def test_each_invalid_part_of_a_link_is_ignored_alone(query):
    values, complaints = read_link(query)
    Settings(**values)
    named = {NAMES[key] for key in query if key in NAMES}
    keys = [key for key, name in NAMES.items() if name in Settings.AUTOMATIC]
    n_automatic = sum(query.get(key, "").strip() == "auto" for key in keys)
    n_read = len(values.keys() - set(Settings.AUTOMATIC.values()))
    assert n_read + len(complaints) >= len(named) - n_automatic
    assert all(len(complaint) < 120 for complaint in complaints)


@given(st.sampled_from(sorted(set(NAMES) - {"generator"})), st.floats())
def test_numbers_beyond_their_bounds_become_the_bound(key, number):
    values, complaints = read_link({key: repr(number)})
    settings = Settings(**values)
    low, high = SIGMA_BOUNDS
    assert low <= settings.sigma <= high
    value = values.get(NAMES[key])
    assert complaints or value == number


@given(st.lists(st.floats(), min_size=4, max_size=4))
def test_a_view_is_a_valid_box_or_none(edges):
    box = read_box(write_box(tuple(edges)))
    if box is not None:
        assert box[0] < box[1]
        assert box[2] < box[3]


def test_a_view_keeps_six_digits():
    assert read_box(write_box((-12.3456789, 1e6, 0.001, 2.0))) == (-12.3457, 1e6, 0.001, 2.0)
    assert read_box("") is read_box("1,2,3") is read_box("1e300,2e300,0,1") is None
