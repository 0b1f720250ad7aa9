"""What must hold when things die: sweeps that are too long for every change. `make soak` runs them all.

morning    a prepared issue for fifty readers, and what each of them has received
sinks      servers outside the process that dies: Postfix's smtp-sink, SendGrid's stand-in
warm       a process that has imported everything and forks the command to be killed
crash      SIGKILL at chosen system calls of a morning, then one restart
inbound    tokens that nobody can forge, emails that nothing can break (grammar: those that nobody would write)
preparing  the same while an issue is collected, scored and summarised
pairs      two processes that begin the same morning at once
clockwork  the service with a clock that is turned by hand
zones      a thousand pairs of time zone and date
year       a year of mornings with everything that goes wrong in one
memory     three days of ticks
"""
