"""The menu at the open project's name."""

from builder import workspace
from builder.project import Project
from builder.ui import switcher
from tests.ui.apptest import open_page


def test_no_menu_stands_where_no_project_is_open() -> None:
    workspace.create(Project(name="kept"))
    for app in (open_page("home"), open_page("data"), open_page("data", project="nowhere")):
        assert not [menu for menu in app.get("popover") if menu.proto.popover.label == "Projects"]


def test_the_menu_turns_the_page_to_another_project() -> None:
    here = workspace.create(Project(name="here"))
    there = workspace.create(Project(name="there"))
    app = open_page("data", project=here)
    keys = {str(button.key) for button in app.button}
    assert not any(key.startswith("switch_to_") for key in keys)  # read once it is opened
    app.session_state[switcher.KEY] = True
    app.run()
    keys = {str(button.key) for button in app.button}
    assert {key for key in keys if key.startswith("switch_to_")} == {f"switch_to_{there}"}
    app.button(key=f"switch_to_{there}").click().run()
    assert app.query_params["project"] in (there, [there])
    assert app.session_state[switcher.KEY] is False
