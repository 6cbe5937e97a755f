#include "lock.h"

#define ARRIVES_MS 1000
#define TRIES 3

static void begin(struct lock *lock, ms_t now)
{
    lock->state = lock->close ? LOCK_CLOSING : LOCK_OPENING;
    lock->until = now + ARRIVES_MS;
}

ms_t lock_step(struct lock *lock, bool close, const struct pins *pins, ms_t now)
{
    if (close != lock->close) {
        lock->close = close;
        lock->tries = 0;
        begin(lock, now);
    }
    switch (lock->state) {
    case LOCK_CLOSING:
    case LOCK_OPENING:
        if (close ? pins->lock_closed : pins->lock_open)
            lock->state = close ? LOCK_CLOSED : LOCK_OPEN;
        else if (now >= lock->until && ++lock->tries == TRIES)
            lock->state = LOCK_STUCK;
        else if (now >= lock->until)
            begin(lock, now);
        break;
    case LOCK_OPEN:
    case LOCK_CLOSED:
        if (close ? !pins->lock_closed : !pins->lock_open)
            lock_again(lock, now); /* somebody has moved it by force */
        break;
    case LOCK_STUCK:
        break;
    }
    return lock_motor(lock) == MOTOR_OFF ? NEVER : lock->until;
}

void lock_again(struct lock *lock, ms_t now)
{
    lock->tries = 0;
    begin(lock, now);
}

const char *lock_name(enum lock_state state)
{
    static const char *const names[] = { "open", "closing", "closed", "opening", "stuck" };
    return names[state];
}

enum motor lock_motor(const struct lock *lock)
{
    switch (lock->state) {
    case LOCK_CLOSING:
        return MOTOR_CLOSE;
    case LOCK_OPENING:
        return MOTOR_OPEN;
    default:
        return MOTOR_OFF;
    }
}
