"""Forms that are refused, in a real browser: what was typed stays, but for secrets; and what others saved is told."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.journey.test_pages import Site, browser, no_complaints, site
from tests.unit.server.house import ADMINISTRATOR

from fairlead.formats.phase_lines import PhaseLine
from fairlead.usecases import lifecycles

__all__ = ["browser", "no_complaints", "site"]  # fixtures


@pytest.fixture
def page(site: Site, browser: Browser) -> Page:
    return site.visit(browser)


def refused(page: Page) -> str:
    said = page.locator("#said")
    expect(said).to_have_attribute("role", "alert")
    return said.inner_text()


def test_what_was_typed_into_a_refused_form_stays_but_for_secrets(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/subscriptions?search=")
    form = page.locator("form.fl-form[action='/subscriptions']")
    form.locator("[name=name]").fill("Watch <all>")
    form.get_by_label("Tell it to").fill("https://hook.test/x")
    form.locator("[name=groups]").nth(1).check()
    form.get_by_label("Only of projects").fill("nothing-like-it")
    form.get_by_label("Time zone").fill("Europe/Vienna")
    form.locator("[name=secret]").fill("a secret of theirs")
    form.get_by_role("button", name="Subscribe").click()
    assert "nothing-like-it" in refused(page)
    form = page.locator("form.fl-form[action='/subscriptions']")
    expect(form.locator("[name=name]")).to_have_value("Watch <all>")
    expect(form.get_by_label("Time zone")).to_have_value("Europe/Vienna")
    expect(form.locator("[name=groups]").nth(1)).to_be_checked()
    expect(form.locator("[name=groups]").nth(0)).not_to_be_checked()
    expect(form.locator("[name=secret]")).to_have_value("")
    expect(form.get_by_text("Type it again: secrets are not kept.")).to_be_visible()
    assert page.evaluate("JSON.stringify(sessionStorage)") == "{}"
    page.reload()
    expect(page.locator("form.fl-form[action='/subscriptions']").locator("[name=name]")).to_have_value("")
    page.context.close()


def test_a_refusal_leads_back_to_the_page_of_the_form(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/projects/books/variables")
    page.locator("#variable-name").fill("no good;")
    page.locator("#variable-value").fill("worth keeping")
    page.get_by_role("button", name="Set the variable", exact=True).click()
    assert "no good;" in refused(page)
    assert page.url == f"{site.url}/projects/books/variables"
    expect(page.locator("#variable-value")).to_have_value("worth keeping")
    page.context.close()


def test_what_is_ticked_to_be_a_secret_is_not_kept(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/projects/books/variables")
    page.locator("#variable-name").fill("no good;")
    page.locator("#variable-value").fill("hunter-two-and-more")
    page.locator("[name=secret]").first.check()
    page.evaluate("addEventListener('submit', () => { localStorage.kept = JSON.stringify(sessionStorage); })")
    page.get_by_role("button", name="Set the variable", exact=True).click()
    assert "no good;" in refused(page)
    kept = page.evaluate("localStorage.kept")
    assert "no good;" in kept and "hunter-two" not in kept
    expect(page.locator("#variable-name")).to_have_value("no good;")
    expect(page.locator("#variable-value")).to_have_value("")
    page.context.close()


def test_who_saves_what_somebody_else_changed_sees_it_and_saves_again(site: Site, page: Page) -> None:
    context = site.house.context
    draft = lifecycles.Draft("Slow", (PhaseLine("Test", ("Test",)),), "for the slow")
    made = lifecycles.add(context, ADMINISTRATOR, draft).lifecycle
    page.goto(f"{site.url}/lifecycles")
    form = page.locator(f"form[action='/lifecycles/{made.id}']")
    page.locator("details", has=form).locator("summary").click()
    form.get_by_label("What it is for").fill("for the very slow")
    theirs = lifecycles.Draft("Slower", (PhaseLine("Test", ("Test",)),), "for the patient")
    lifecycles.change(context, ADMINISTRATOR, made.id, theirs)
    form.get_by_role("button", name="Change").click()
    assert "changed" in refused(page)
    expect(form.get_by_label("What it is for")).to_be_visible()
    expect(form.get_by_label("What it is for")).to_have_value("for the very slow")
    expect(form.get_by_text("for the patient")).to_be_visible()
    expect(form.locator("[name=name]")).to_have_value("Slower")
    expect(form.get_by_text("It was:")).to_contain_text("Slow")
    form.get_by_role("button", name="Change").click()
    expect(page.locator("#said")).to_have_attribute("role", "status")
    saved = lifecycles.get(context, ADMINISTRATOR, made.id).lifecycle
    assert (saved.name, saved.description) == ("Slower", "for the very slow")
    page.context.close()


def test_a_page_of_a_failure_leads_back_to_what_was_typed(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/subscriptions")
    form = page.locator("form.fl-form[action='/subscriptions']")
    form.locator("[name=name]").fill("Watch")
    page.evaluate("document.querySelector(\"form.fl-form[action='/subscriptions'] [name=csrf]\").value = 'old'")
    form.get_by_role("button", name="Subscribe").click()
    page.get_by_role("link", name="Go back").click()
    expect(page.locator("form.fl-form[action='/subscriptions']").locator("[name=name]")).to_have_value("Watch")
    site.complaints.clear()  # the browser tells of the 403
    page.context.close()


def test_a_form_with_fields_called_as_its_own_attributes_keeps_what_was_typed(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/projects/books/triggers")
    form = page.locator("form.fl-form[action='/projects/books/triggers']")
    form.locator("[name=name]").fill("Nightly")
    form.locator("[name=cron]").fill("no line of cron")
    form.locator("[name=action]").select_option("new-release")
    form.locator("button[type=submit]").click()
    assert "no line of cron" in refused(page)
    expect(form.locator("[name=name]")).to_have_value("Nightly")
    expect(form.locator("[name=action]")).to_have_value("new-release")
    page.context.close()


def test_the_form_of_a_trigger_shows_what_its_kind_has_and_what_was_filled_in(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/projects/books/triggers")
    form = page.locator("form.fl-form[action='/projects/books/triggers']")
    shown = ("cron", "zone", "watches", "poll_s", "tags")

    def seen() -> set[str]:
        return {name for name in shown if form.locator(f"[name={name}]").is_visible()}

    assert seen() == {"cron", "zone"}
    for kind, fields in (("image", {"watches", "poll_s"}), ("push", {"watches"}), ("target", {"tags"})):
        form.locator("[name=kind]").select_option(kind)
        assert seen() == fields, kind
    form.locator("[name=kind]").select_option("schedule")
    form.locator("[name=cron]").fill("@daily")
    form.locator("[name=kind]").select_option("package")
    assert seen() == {"watches", "cron"}, "it would be refused for a field that nobody sees"
    page.context.close()
