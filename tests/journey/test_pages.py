"""The pages in a real browser: signing in, live lines, approving by keyboard alone, dark mode, a small screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.provider import running
from tests.unit.server.house import ADMINISTRATOR, PASSWORD, House, furnish

from fairlead.domain.actor import SYSTEM
from fairlead.usecases import access, approvals, identity_providers, tenants

START_S = 20.0
PATIENCE_MS = 15_000
LONG_PATIENCE_MS = 60_000
OF_ALL = [
    "tenants",
    "targets",
    "packages",
    "step-templates",
    "files",
    "retention",
    "lifecycles",
    "environments",
    "roles",
    "teams",
    "users",
    "groups",
    "freezes",
    "setup",
    "library-sets",
    "interruptions",
    "identity-providers",
    "federated-credentials",
    "keys",
]
"""Pages of the installation."""
CUT_OFF = "[...document.querySelectorAll('.fl-scroll')].some(one => one.scrollWidth > one.clientWidth)"
BARS_WITHOUT_A_HINT = """[...document.querySelectorAll("nav")].filter((bar) => bar.scrollWidth > bar.clientWidth)
  .filter((bar) => !getComputedStyle(bar).backgroundAttachment.includes("local")).length"""
PALE = Path(__file__).with_name("pale.js").read_text()
"""Texts whose contrast WCAG 2.1 (1.4.3, AA) finds too low."""
CONTRAST_OF_PLACEHOLDER = """() => {
  const field = document.querySelector("main input[placeholder]");
  const light = (colour) => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255)
      .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const both = [getComputedStyle(field, "::placeholder").color, getComputedStyle(field).backgroundColor].map(light);
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""
ENDLESS = "Größe-" + "ä" * 60 + "日本語" * 20 + "W" * 60
"""A name without a space, as long as people make them."""
COUNT_LINES = "document.querySelectorAll('.fl-line').length"


@dataclass
class Site:
    """The furnished house behind a real socket; `tasks` by what they show."""

    house: House
    url: str
    tasks: dict[str, str]
    complaints: list[str] = field(default_factory=list)

    def visit(self, browser: Browser, *, width: int = 1280, scheme: str = "light", motion: str = "reduce") -> Page:
        """A new person, signed in, whose browser's complaints are kept."""
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion=motion,  # type: ignore[arg-type]
        )
        cookie = {"name": "fairlead_session", "value": self.house.open_session("admin"), "url": self.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def paths(self) -> dict[str, str]:
        """Every page that has something to show."""
        waits = self.house.deployment("checkout", "2.8.0", "Production").id
        return {
            "dashboard": "/",
            "search": "/?search=ident",
            "project": "/projects/books",
            "place": "/projects/books/environments/Production",
            "release": "/projects/books/releases/1.1.0",
            "deploy": "/projects/books/deploy?version=1.0.0&environment=Test",
            "running": f"/tasks/{self.tasks['running']}",
            "rolled back": f"/tasks/{self.tasks['rolled back']}",
            "log": f"/tasks/{self.tasks['running']}/log",
            "tasks": "/tasks",
            "approvals": "/approvals",
            "waits": f"/deployments/{waits}",
            "events": "/events",
            "password": "/password",
            **{
                name: f"/projects/books/{name}"
                for name in ("process", "variables", "triggers", "runbooks", "channels", "insights")
            },
            **{name: f"/{name}" for name in OF_ALL},
            **{f"endless {name}": f"/projects/endless/{name}" for name in ("", "process", "variable-preview")},
        }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Site]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    house = House(tmp_path_factory.mktemp("house"), url=url)
    tasks = furnish(house)
    house.add_project("endless", title=ENDLESS)
    tenants.put(house.context, ADMINISTRATOR, tenants.Draft(ENDLESS[:100], connections={"endless": ["Test"]}))
    server = uvicorn.Server(uvicorn.Config(house.app, host="127.0.0.1", port=port, log_level="critical"))
    serving = threading.Thread(target=server.run)
    serving.start()
    deadline = time.monotonic() + START_S
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    yield Site(house, url, {name: str(task) for name, task in tasks.items()})
    server.should_exit = server.force_exit = True
    serving.join(timeout=START_S)
    house.close()


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(chromium), args=flags)
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def no_complaints(site: Site) -> Iterator[None]:
    """The console stays empty, whatever is visited: no script fails, nothing is against our own policy."""
    site.complaints.clear()
    yield
    assert not site.complaints


def test_a_person_signs_in_by_the_form(site: Site, browser: Browser) -> None:
    page = site.visit(browser)
    page.context.clear_cookies()
    page.goto(f"{site.url}/tasks")
    expect(page.get_by_label("User")).to_be_focused()
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/tasks")
    page.get_by_label("Account of admin").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{site.url}/sign-in")
    page.context.close()


def test_no_page_is_wider_than_the_screen_or_pale_or_complains(site: Site, browser: Browser) -> None:
    for width, scheme in ((1280, "light"), (375, "dark")):
        page = site.visit(browser, width=width, scheme=scheme)
        for name, path in site.paths().items():
            answer = page.goto(site.url + path)
            assert answer is not None
            assert answer.status == 200, name
            too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert too_wide <= 0, f"{name} is {too_wide} px too wide at {width}"
            assert not page.evaluate(CUT_OFF), f"a table of {name} goes on beyond the edge at {width}"
            assert not page.evaluate(BARS_WITHOUT_A_HINT), f"a bar of {name} goes on unseen at {width}"
            assert page.evaluate(PALE) == [], f"{name}, {scheme}"
        page.context.close()


def test_lines_appear_as_they_are_written(site: Site, browser: Browser) -> None:
    task = site.tasks["running"]
    page = site.visit(browser)
    page.goto(f"{site.url}/tasks/{task}")
    log = page.get_by_role("log")
    expect(log.get_by_text("begins capture")).to_be_visible()
    expect(log.locator(".fl-ansi-green").first).to_have_text("ok")
    expect(log.get_by_text("<b>http://10.213.0.2:8080</b>").first).to_be_visible()
    site.house.say(task, ("catalogue", "a line that was not there before"))  # type: ignore[arg-type]
    expect(log.get_by_text("a line that was not there before")).to_be_visible()
    page.context.close()


def test_a_long_log_stays_quick_and_a_link_leads_to_a_line(site: Site, browser: Browser) -> None:
    task = site.tasks["books live"]
    steps = site.house.phases(task)  # type: ignore[arg-type]
    lines = [(steps[number // 3000], f"line {number + 1} of the long log") for number in range(12_000)]
    site.house.say(task, *lines)  # type: ignore[arg-type]
    page = site.visit(browser)
    page.goto(f"{site.url}/tasks/{task}#L4321")
    expect(page.locator("[data-log-state]")).to_have_text("The log ends here.", timeout=LONG_PATIENCE_MS)
    row = page.locator("#L4321")
    expect(row).to_contain_text("line 4321 of the long log")
    expect(row).to_be_in_viewport()
    assert page.evaluate(COUNT_LINES) == 12_000 - 4271, "it begins shortly before the line that was asked for"
    page.locator(".fl-log-before").click()
    expect(page.locator("#L1772")).to_have_count(1, timeout=LONG_PATIENCE_MS)
    assert page.evaluate(COUNT_LINES) == 12_000 - 1771
    page.locator("[data-log-fold]").click()
    expect(row).not_to_be_visible()
    page.locator(".fl-phase-title").nth(1).click()
    expect(page.locator("#L3001")).to_be_in_viewport()
    page.context.close()


def test_a_deployment_is_approved_with_the_keyboard_alone(site: Site, browser: Browser) -> None:
    page = site.visit(browser)
    page.goto(site.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    _tab_to(page, "a[href='/approvals']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/approvals")
    _tab_to(page, "input[name=note]")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "the focus is seen"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/tasks/*")
    expect(page.get_by_role("status")).to_contain_text("Approved: checkout 2.8.0 to Production begins.")
    expect(page.get_by_text("by keyboard")).to_be_visible()
    page.context.close()


def test_the_dashboard_changes_by_itself(site: Site, browser: Browser) -> None:
    page = site.visit(browser)
    page.goto(site.url)
    before = page.get_by_role("progressbar", name="progress of books 1.1.0 to Production").get_attribute(
        "aria-valuenow"
    )
    names = site.house.phases(site.tasks["running"])  # type: ignore[arg-type]
    site.house.walk(site.tasks["running"], phases=len(names) - 1)  # type: ignore[arg-type]
    bar = page.get_by_role("progressbar", name="progress of books 1.1.0 to Production")
    expect(bar).not_to_have_attribute("aria-valuenow", before or "")
    page.context.close()


def test_the_picture_moves_when_the_slot_does(site: Site, browser: Browser) -> None:
    page = site.visit(browser)
    page.goto(f"{site.url}/projects/identity/environments/Production")
    picture = page.locator("#picture")
    expect(picture).to_contain_text("1.29.4")
    live = page.locator(".fl-slot-is-live")
    assert (live.get_attribute("id") or "") == "slot-blue"
    kept = page.evaluate_handle("document.getElementById('line-blue')")
    site.house.add_release("identity", "1.31.0")
    site.house.go_live("identity", "1.31.0", "Test")
    waits = approvals.page(site.house.context, SYSTEM).items[0]
    approvals.approve(site.house.context, SYSTEM, waits.approval.id)
    site.house.go_live("identity", "1.31.0", "Production")
    expect(page.locator("#slot-green.fl-slot-is-live")).to_contain_text("1.31.0")
    assert kept.evaluate("line => line.isConnected && !line.classList.contains('fl-flow-is-live')"), (
        "morphed, not made anew"
    )
    page.context.close()


def test_what_a_service_writes_is_shown_live(site: Site, browser: Browser) -> None:
    page = site.visit(browser)
    page.goto(f"{site.url}/projects/books/environments/Production")
    page.get_by_label("Service").select_option("web")
    expect(page.get_by_role("log")).to_contain_text("listens on 8080")
    page.context.close()


def test_colours_follow_the_system_until_a_person_chooses(site: Site, browser: Browser) -> None:
    page = site.visit(browser, scheme="dark")
    page.goto(site.url)
    theme = "document.documentElement.dataset.bsTheme"
    assert page.evaluate(theme) == "dark"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Colours: as the system").press("Enter")
    assert page.evaluate(theme) == "light"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.reload()
    assert page.evaluate(theme) == "light", "kept by the browser"
    page.get_by_role("button", name="Colours: light").click()
    page.get_by_role("button", name="Colours: dark").click()
    assert page.evaluate(theme) == "dark"
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_stands_in_an_empty_field_can_be_read(site: Site, browser: Browser, scheme: str) -> None:
    page = site.visit(browser, scheme=scheme)
    page.goto(f"{site.url}/freezes")
    assert page.evaluate(CONTRAST_OF_PLACEHOLDER) >= 4.5
    page.context.close()


def test_the_search_key_leads_to_the_search(site: Site, browser: Browser) -> None:
    page = site.visit(browser)
    page.goto(site.url)
    page.keyboard.press("/")
    page.keyboard.type("check")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?search=check")
    expect(page.get_by_text("Checkout API")).to_be_visible()
    expect(page.get_by_text("Book shop")).not_to_be_visible()
    page.context.close()


def test_a_project_is_read_and_a_variable_set_without_javascript(site: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    cookie = {"name": "fairlead_session", "value": site.house.open_session("admin"), "url": site.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(f"{site.url}/projects/search")
    page.get_by_text("Add a variable").click()
    page.get_by_label("Name", exact=True).fill("Without.Scripts")
    page.get_by_label("Value", exact=True).fill("it works")
    page.get_by_role("button", name="Set").click()
    expect(page.get_by_text("Without.Scripts is set")).to_be_visible()
    page.goto(f"{site.url}/tasks/{site.tasks['rolled back']}")
    expect(page.get_by_role("heading", name="All is as it was")).to_be_visible()
    page.get_by_role("link", name="Read it page by page").click()
    expect(page.get_by_text("2 of 7 cases failed")).to_be_visible()
    context.close()


def _tab_to(page: Page, selector: str, *, most: int = 40) -> None:
    """Press Tab until that element has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


def test_a_person_signs_in_by_a_provider_with_a_browser_and_makes_a_key(site: Site, browser: Browser) -> None:
    with running() as provider:
        wanted = identity_providers.Draft(
            provider.issuer,
            provider.client_id,
            provider.client_secret,
            label="Example",
            makes_users=True,
            role="viewer",
        )
        identity_providers.put(site.house.context, ADMINISTRATOR, "example", wanted)
        page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{site.url}/tasks")
        page.get_by_role("link", name="Sign in with Example").click()
        expect(page).to_have_url(f"{site.url}/tasks")
        page.goto(f"{site.url}/keys")
        expect(page.get_by_role("heading", name="API keys of ann")).to_be_visible()
        page.get_by_label("For").fill("laptop")
        page.get_by_role("button", name="Make").click()
        key = page.locator("#key").inner_text()
        actor = access.by_key(site.house.context, key, address="")
        assert actor is not None and actor.name == "ann"
        provider.over = {"aud": "another"}
        other = browser.new_context().new_page()
        other.goto(f"{site.url}/sign-in/example")
        expect(other.get_by_role("alert")).to_contain_text("meant for somebody else")
        identity_providers.remove(site.house.context, ADMINISTRATOR, "example")
