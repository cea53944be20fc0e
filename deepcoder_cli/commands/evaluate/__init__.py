"""`deepcoder eval`: one verb a file."""
