/* The people at the simulated board: lines on stdin. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "simulated.h"

/* Reads what is there, and obeys the lines that are complete; returns false when there will be no more. */
bool commands_read(struct simulated *board, int fd);

#endif
