"""A person at a browser: headless Chromium, at a desk or on a phone."""

import base64
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

#: width and height of screens, in CSS pixels
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
WAIT_SECONDS = 60.0


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    """A browser."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("there is no Chromium: run ci/setup --browser")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as browser:
        browser.set_script_timeout(WAIT_SECONDS)
        yield browser


class Reader:
    """Somebody who reads a page."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def look_as(self, media: str = "", scheme: str = "light") -> None:
        """On `screen` or in `print`, in `light` or `dark`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", media=media, features=features)

    def open(self, url: str, size: tuple[int, int]) -> None:
        """Open a page on a screen of that size."""
        width, height = size
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.command("Emulation.setDeviceMetricsOverride", **screen)
        self.browser.get("about:blank")
        self.browser.get(url)

    def command(self, name: str, **parameters: Any) -> Any:
        """A command of the Chrome DevTools Protocol."""
        return self.browser.execute_cdp_cmd(name, parameters)

    def ask(self, script: str, *arguments: Any) -> Any:
        """What a script returns."""
        return self.browser.execute_script(script, *arguments)

    def until(self, script: str, *arguments: Any) -> Any:
        """Wait until a script has an answer."""
        return WebDriverWait(self.browser, WAIT_SECONDS, 0.05).until(
            lambda _: self.ask(script, *arguments)
        )

    def one(self, selector: str, within: WebElement | None = None) -> WebElement:
        """The element of a CSS selector."""
        return (within or self.browser).find_element(By.CSS_SELECTOR, selector)

    def shown(self, selector: str, within: WebElement | None = None) -> list[WebElement]:
        """What can be seen of a selector."""
        found = (within or self.browser).find_elements(By.CSS_SELECTOR, selector)
        return [element for element in found if element.is_displayed()]

    def drop(self, selector: str, name: str, data: bytes) -> None:
        """Drop a file on an element."""
        script = (
            "const box = new DataTransfer();"
            "const bytes = Uint8Array.from(atob(arguments[2]), c => c.charCodeAt(0));"
            "box.items.add(new File([bytes], arguments[1]));"
            "document.querySelector(arguments[0]).dispatchEvent(new DragEvent('drop', "
            "{dataTransfer: box, bubbles: true, cancelable: true}))"
        )
        self.ask(script, selector, name, base64.b64encode(data).decode())
