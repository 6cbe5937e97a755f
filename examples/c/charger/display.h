/* What people at the charger see: here lines on stdout. Languages are the firmware's. */
#ifndef DISPLAY_H
#define DISPLAY_H

#include <stdint.h>

/* A line about a connector; 0: about the charger. */
void display_says(const char *what, uint32_t connector, const char *format, ...);

#endif
