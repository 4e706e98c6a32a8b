"""From a saved source to the new module in a running device: build, check, send, confirm.

`idf_ext.py` of the component makes commands of idf.py from this, `hotreload.py` commands of its
own; both only read their options. Needs Python 3.8 and nothing else.
"""
