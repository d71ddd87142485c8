"""Files of posts or labelled texts: which column means what, what a label value means, and their rows one by one."""
