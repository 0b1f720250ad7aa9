"""arXiv's calendar, readers' hours and every rule of waiting: pure but for `clock`.

calendar  when arXiv announces, and which submissions belong to an issue; `holidays.txt` beside it
hours     when a reader's email is due, and which issues it carries
waiting   what is late, how long an email waits for it, and when arXiv is asked again
clock     the machine's own, if no other is given
"""
