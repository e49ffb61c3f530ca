"""One data set as the method and the pages see it: parts, snapshots, saved runs."""
