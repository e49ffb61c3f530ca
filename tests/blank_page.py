# A page that shows nothing: see tests/paging.py.
