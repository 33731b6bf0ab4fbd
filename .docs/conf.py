"""Sphinx settings; names and addresses come from settings.ini, the pages from build.py."""
from configparser import ConfigParser
from pathlib import Path

settings = ConfigParser(delimiters=["="], interpolation=None)
settings.read(Path(__file__).parent.parent / "settings.ini", encoding="utf-8")
settings = settings["DEFAULT"]

project, author, copyright = settings["title"], settings["author"], settings["copyright"]
html_title = project
extensions = ["myst_nb", "sphinx.ext.mathjax"]
exclude_patterns = [".*", "jupyter_execute"]

nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"     # tables that a cell computes are tables
nb_ipywidgets_js = {}  # they'd come from another server
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath", "attrs_inline"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
mathjax_path = "mathjax/tex-chtml.js"  # put there by build.py
mathjax3_config = {"options": {"enableMenu": False}}  # its menu loads parts that aren't here

add_module_names = False
toc_object_entries_show_parents = "hide"
suppress_warnings = ["myst.header"]  # a symbol may come before the first section

html_theme = "furo"
html_baseurl = f"{settings['doc_host']}{settings['doc_baseurl']}/"
html_favicon = "icon.svg"
html_static_path = ["style.css"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
