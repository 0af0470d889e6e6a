"""Forms drawn from declarations: all that is declared can be drawn and gives back what was set."""

from streamlit.testing.v1 import AppTest

from tests.ui.apptest import text_of


def every_declaration() -> None:
    import streamlit as st

    from builder import data
    from builder.data import augment, media
    from builder.ui import forms

    declared = {kind: source.params for kind, source in data.catalogue().items()}
    declared |= {kind: found.params for kind, found in augment.catalogue().items()}
    declared |= media.OPTIONS
    for name, options in declared.items():
        set_before = {
            option.name: option.default for option in options if option.default is not None
        }
        st.session_state[name] = (
            forms.fields(options, {}, key=f"empty_{name}"),
            forms.fields(options, set_before, key=f"set_{name}"),
        )
    st.session_state["declared"] = list(declared)


def test_every_declared_option_is_drawn_and_defaults_are_left_out() -> None:
    app = AppTest.from_function(every_declaration, default_timeout=60).run()
    assert not app.exception
    declared = app.session_state["declared"]
    assert len(declared) > 10
    for name in declared:
        assert app.session_state[name] == ({}, {}), name


def one_form() -> None:
    import streamlit as st

    from builder.data.options import Option
    from builder.ui import forms

    options = (
        Option("rate", "float", "Rate", 0.5, low=0, high=1),
        Option("sheet", "text", "Sheet", choices=()),
        Option("deep", "bool", "Deep", False, advanced=True),
    )
    st.session_state["given"] = forms.fields(
        options, {"rate": 0.25}, key="f", choices={"sheet": ("one", "two")}
    )


def test_what_was_set_is_shown_and_what_is_chosen_is_given() -> None:
    app = AppTest.from_function(one_form, default_timeout=60).run()
    assert app.session_state["given"] == {"rate": 0.25}
    app.selectbox(key="f_sheet").set_value("two").run()
    app.toggle(key="f_deep").set_value(True).run()
    assert app.session_state["given"] == {"rate": 0.25, "sheet": "two", "deep": True}


def counts() -> None:
    import streamlit as st

    from builder.data.options import Option
    from builder.ui import forms

    option = Option("length", "int", "Length", 64, low=1, high=100)
    given = forms.fields((option,), {"length": 20}, key="f")
    st.session_state["given"] = (dict(given), given.refused)


def test_a_number_that_is_not_whole_is_refused_beside_its_field_and_never_cut() -> None:
    app = AppTest.from_function(counts, default_timeout=60).run()
    assert app.session_state["given"] == ({"length": 20}, [])
    app.number_input(key="f_length").set_value(2.5).run()
    assert app.session_state["given"] == ({"length": 20}, ["Length"])
    assert "Length must be a whole number, not 2.5." in text_of(app)
    app.number_input(key="f_length").set_value(30.0).run()
    assert app.session_state["given"] == ({"length": 30}, [])
    assert isinstance(app.session_state["given"][0]["length"], int)
    assert "must be" not in text_of(app)
