"""What is collected."""

from tests.review.pages import CHROMIUM

# The page is looked at in a browser where there is one.
collect_ignore = [] if CHROMIUM else ["test_page_in_browser.py"]
