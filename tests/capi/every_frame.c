/* Every frame on the host's thread, with secrets masked. Whoever runs it sets AuthorizationKey, which ends it. */
#include "harness.h"

#define SECRET "0123456789abcdef"

static struct {
    evcp_t *cp;
    bool whole; /* with "frames.secrets" */
    int received, sent, boots, passwords, others, done;
    uint64_t dropped;
} seen;

static void on_frame(void *ud, const evcp_frame_info_t *frame)
{
    (void)ud;
    CHECK(frame->struct_size == sizeof *frame && frame->reserved[0] == 0 && frame->time_ms > 0);
    CHECK(frame->len == strlen(frame->text) && frame->text[0] == '[' && frame->text[frame->len - 1] == ']');
    seen.received += frame->direction == EVCP_FRAME_RECEIVED;
    seen.sent += frame->direction == EVCP_FRAME_SENT;
    seen.dropped += frame->dropped;
    seen.boots += frame->direction == EVCP_FRAME_SENT && strstr(frame->text, "\"BootNotification\"") != NULL;
    if (strstr(frame->text, "\"AuthorizationKey\"") != NULL && frame->direction == EVCP_FRAME_RECEIVED) {
        CHECK((strstr(frame->text, SECRET) != NULL) == seen.whole && frame->masked != seen.whole);
        CHECK(seen.whole || strstr(frame->text, "\"***\"") != NULL);
        seen.passwords++;
        /* In its place: what it leads to is told after it. */
        CHECK(seen.done == 0);
    } else {
        CHECK(!frame->masked);
        seen.others++;
    }
    /* Inside as anywhere. */
    CHECK(evcp_dispatch(seen.cp, 0) == EVCP_E_DEADLOCK);
}

static void on_key_changed(void *ud, const evcp_key_info_t *key)
{
    (void)ud;
    seen.done += strcmp(key->key, "AuthorizationKey") == 0 && key->value == NULL;
}

static void on_line(void *ud, const evcp_log_line_t *line)
{
    if (strcmp(line->target, "evcp::frame") == 0 && strstr(line->text, "AuthorizationKey") != NULL)
        __atomic_fetch_or((int *)ud, strstr(line->text, SECRET) != NULL ? 2 : 1, __ATOMIC_RELAXED);
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    seen.whole = argc > 2;
    int logged = 0;
    CHECK(evcp_set_log(EVCP_LOG_TRACE, on_line, &logged) == EVCP_OK);
    evcp_callbacks_t cb = EVCP_CALLBACKS_INIT;
    cb.on_frame = on_frame;
    cb.on_key_changed = on_key_changed;
    evcp_config_t *cfg = config("FRAMES");
    if (seen.whole)
        CHECK(evcp_config_set(cfg, "frames.secrets", "true") == EVCP_OK);
    REFUSED(evcp_config_set(cfg, "frames.secrets", "perhaps"), EVCP_E_INVALID, "frames.secrets");
    seen.cp = made(cfg, &cb, NULL);
    CHECK(evcp_start(seen.cp) == EVCP_OK);
    while (seen.done == 0 && evcp_dispatch(seen.cp, 20000) >= 0)
        ;
    CHECK(seen.boots == 1 && seen.passwords == 1 && seen.received > 1 && seen.sent > 2 && seen.dropped == 0);
    CHECK(__atomic_load_n(&logged, __ATOMIC_RELAXED) == (seen.whole ? 2 : 1));
    evcp_free(seen.cp);
    CHECK(evcp_set_log(0, NULL, NULL) == EVCP_OK);
    printf("%d failures\n", failures);
    return failures > 0;
}
