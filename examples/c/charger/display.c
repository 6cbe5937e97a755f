#include "display.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void display_says(const char *what, uint32_t connector, const char *format, ...)
{
    va_list list;
    printf("%-12s ", what);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    if (connector != 0)
        printf("  (connector %" PRIu32 ")", connector);
    printf("\n");
    fflush(stdout);
}
