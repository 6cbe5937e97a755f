/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * evcp.h - an OCPP 1.6-J charge point in a library
 *
 * Made from src/ffi by `make header`. Do not edit.
 *
 * THREADS    Every function may be called from any thread, unless it says otherwise.
 *            Callbacks run only inside evcp_dispatch(), one at a time, on the thread that
 *            calls it; what ends with the charge point (destroy, evcp_data_fn) may also run
 *            inside evcp_free(). The network runs on a thread of the library that never calls you, with
 *            all signals masked. One exception, which must not call evcp_*: the log function.
 *            After fork() the child may only exec or _exit: daemon() comes before evcp_new(). All
 *            descriptors are close-on-exec. The library stays loaded after dlclose().
 * WAITING    Of the calls that a firmware makes while it runs, evcp_dispatch() and evcp_stop() wait, as
 *            long as their timeout_ms says; evcp_free(), 4 s at most; evcp_set_log(), for the log function;
 *            and evcp_new(), for the disk. All others return at once, also if the disk or the network hangs.
 * POINTERS   What a callback receives is valid until it returns. What you pass is copied
 *            before the call returns, and need not live longer. Only evcp_new() and
 *            evcp_config_new() give ownership; only *_free() takes it back. NULL is
 *            EVCP_E_INVALID, unless a function says what it means.
 * TEXT       UTF-8 and NUL-terminated, unless a length follows. Too long for OCPP, or not
 *            UTF-8: EVCP_E_INVALID, at the call.
 * GROWTH     A struct with struct_size grows at its end: start from its EVCP_..._INIT.
 *            A set of constants grows: treat an unknown value as "other".
 * MEMORY     comes from malloc(), which a program may replace; there is no other hook. When there is
 *            none the process ends by abort(), as by a power cut: what was told or sent is stored.
 *            What waits is bounded: see "Memory" in the guide.
 * CONNECTORS are numbered from 1; 0 is the charge point as a whole, where that makes sense.
 */
#ifndef EVCP_H
#define EVCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVCP_VERSION_MAJOR 0
#define EVCP_VERSION_MINOR 1
#define EVCP_VERSION_PATCH 0

#if defined(__GNUC__)
#define EVCP_API __attribute__((visibility("default")))
#else
#define EVCP_API
#endif

/* ---- Results ----------------------------------------------------------------------------- */

/* Done. */
#define EVCP_OK 0
/* An argument is NULL, out of range, not UTF-8 or too long; evcp_last_error() names it. */
#define EVCP_E_INVALID (-1)
/* Not possible now, e.g. evcp_start() twice. */
#define EVCP_E_STATE (-2)
/* A name, field or slot that this library does not know. */
#define EVCP_E_UNSUPPORTED (-3)
/* The buffer is too small; the length that is needed was stored. */
#define EVCP_E_BUFFER (-4)
/* The token was answered before, its time is over, or there never was such a token. */
#define EVCP_E_EXPIRED (-5)
/* Needs a connection, and there is none. */
#define EVCP_E_OFFLINE (-6)
/* Would wait for the thread that calls. */
#define EVCP_E_DEADLOCK (-7)
/* The handle was freed or has been stopped. */
#define EVCP_E_CLOSED (-8)
/* Storage or sockets failed; see evcp_last_error(). */
#define EVCP_E_IO (-9)
/* Too much is waiting, for the library or to be dispatched: dispatch, and try again. Stops, faults
 * and evcp_power_fails() are never refused for this. */
#define EVCP_E_FULL (-10)
/* A bug of ours, contained: supply nothing, and free the handle. */
#define EVCP_E_PANIC (-99)

/* ---- Values ------------------------------------------------------------------------------ */

/* A: nothing is plugged in. */
#define EVCP_EV_ABSENT 0
/* B: plugged in, asks for no energy. Enough in a session too: what the vehicle was only just offered it may
 * still take ("ev.reaction_s"), and then it is SuspendedEV. In states E and F: what was before them. */
#define EVCP_EV_PLUGGED 1
/* C or D: asks for energy, or takes it. */
#define EVCP_EV_CHARGING 2
/* Energy is on offer, and the vehicle takes none: for who knows that without waiting for its reaction. */
#define EVCP_EV_SUSPENDED 3
/* A cable is in the socket, and no vehicle at its end. */
#define EVCP_EV_CABLE 4
/* Yes, or it was done. */
#define EVCP_ACCEPTED 0
/* No. */
#define EVCP_REJECTED 1
/* It was tried, and did not work. */
#define EVCP_FAILED 2
/* There is no such thing here. */
#define EVCP_NOT_SUPPORTED 3
/* Yes, and it counts from the next boot on: on_key_change. */
#define EVCP_REBOOT_REQUIRED 4
/* Vendor data: a vendor that nobody here knows. */
#define EVCP_UNKNOWN_VENDOR 5
/* Vendor data: the vendor is known, the message is not. */
#define EVCP_UNKNOWN_MESSAGE 6
/* None: it runs. */
#define EVCP_REASON_NONE 0
/* Somebody at the charger stopped it. */
#define EVCP_REASON_LOCAL 1
/* The central system asked for it. */
#define EVCP_REASON_REMOTE 2
/* The vehicle was unplugged. */
#define EVCP_REASON_EV_DISCONNECTED 3
/* Somebody pressed the emergency stop. */
#define EVCP_REASON_EMERGENCY_STOP 4
/* The central system did not accept the tag after all. */
#define EVCP_REASON_DE_AUTHORIZED 5
/* The central system had the connector unlocked. */
#define EVCP_REASON_UNLOCK_COMMAND 6
/* There was no power any more. */
#define EVCP_REASON_POWER_LOSS 7
/* The charge point restarted, and nobody asked it to. */
#define EVCP_REASON_REBOOT 8
/* A hard reset. */
#define EVCP_REASON_HARD_RESET 9
/* A soft reset. */
#define EVCP_REASON_SOFT_RESET 10
/* Anything else. */
#define EVCP_REASON_OTHER 11
/* Nothing is wrong. */
#define EVCP_ERROR_NO_ERROR 0
/* The lock of the connector does not close or open. */
#define EVCP_ERROR_CONNECTOR_LOCK_FAILURE 1
/* The vehicle does not talk as it should. */
#define EVCP_ERROR_EV_COMMUNICATION_ERROR 2
/* The residual current device has tripped. */
#define EVCP_ERROR_GROUND_FAILURE 3
/* It is too hot inside. */
#define EVCP_ERROR_HIGH_TEMPERATURE 4
/* An error of hardware or software inside. */
#define EVCP_ERROR_INTERNAL_ERROR 5
/* The list of tags is not that of the central system. */
#define EVCP_ERROR_LOCAL_LIST_CONFLICT 6
/* Anything else: see vendor_code. */
#define EVCP_ERROR_OTHER_ERROR 7
/* Too much current. */
#define EVCP_ERROR_OVER_CURRENT_FAILURE 8
/* Too much voltage. */
#define EVCP_ERROR_OVER_VOLTAGE 9
/* The meter cannot be read. */
#define EVCP_ERROR_POWER_METER_FAILURE 10
/* The contactor does not close or open. */
#define EVCP_ERROR_POWER_SWITCH_FAILURE 11
/* The reader of tags does not work. */
#define EVCP_ERROR_READER_FAILURE 12
/* A reset was not possible. */
#define EVCP_ERROR_RESET_FAILURE 13
/* Too little voltage. */
#define EVCP_ERROR_UNDER_VOLTAGE 14
/* The radio link is weak. */
#define EVCP_ERROR_WEAK_SIGNAL 15
/* Import register, Wh: the one value that every charger must have. */
#define EVCP_M_ENERGY_IMPORT 0
/* W */
#define EVCP_M_POWER_IMPORT 1
/* A */
#define EVCP_M_CURRENT_IMPORT 2
/* V */
#define EVCP_M_VOLTAGE 3
/* State of charge of the vehicle, % */
#define EVCP_M_SOC 4
/* W that the vehicle may take */
#define EVCP_M_POWER_OFFERED 5
/* A that the vehicle may take */
#define EVCP_M_CURRENT_OFFERED 6
/* Degrees Celsius */
#define EVCP_M_TEMPERATURE 7
/* Hz */
#define EVCP_M_FREQUENCY 8
/* Export register, Wh */
#define EVCP_M_ENERGY_EXPORT 9
/* W */
#define EVCP_M_POWER_EXPORT 10
/* A */
#define EVCP_M_CURRENT_EXPORT 11
/* var */
#define EVCP_M_REACTIVE_POWER_IMPORT 12
/* var */
#define EVCP_M_REACTIVE_POWER_EXPORT 13
/* Register, varh */
#define EVCP_M_REACTIVE_ENERGY_IMPORT 14
/* Register, varh */
#define EVCP_M_REACTIVE_ENERGY_EXPORT 15
/* Wh in this interval */
#define EVCP_M_ENERGY_IMPORT_INTERVAL 16
/* Wh in this interval */
#define EVCP_M_ENERGY_EXPORT_INTERVAL 17
/* varh in this interval */
#define EVCP_M_REACTIVE_ENERGY_IMPORT_INTERVAL 18
/* varh in this interval */
#define EVCP_M_REACTIVE_ENERGY_EXPORT_INTERVAL 19
/* Power factor */
#define EVCP_M_POWER_FACTOR 20
/* Fan speed, 1/min */
#define EVCP_M_RPM 21
/* All phases together, or there is only one. */
#define EVCP_PHASE_NONE 0
/* L1 */
#define EVCP_PHASE_L1 1
/* L2 */
#define EVCP_PHASE_L2 2
/* L3 */
#define EVCP_PHASE_L3 3
/* Neutral */
#define EVCP_PHASE_N 4
/* L1 to neutral */
#define EVCP_PHASE_L1_N 5
/* L2 to neutral */
#define EVCP_PHASE_L2_N 6
/* L3 to neutral */
#define EVCP_PHASE_L3_N 7
/* L1 to L2 */
#define EVCP_PHASE_L1_L2 8
/* L2 to L3 */
#define EVCP_PHASE_L2_L3 9
/* L3 to L1 */
#define EVCP_PHASE_L3_L1 10
/* The usual place of the measurand: the outlet, or the vehicle for EVCP_M_SOC. */
#define EVCP_AT_DEFAULT 0
/* In the cable. */
#define EVCP_AT_CABLE 1
/* In the vehicle. */
#define EVCP_AT_EV 2
/* At the grid connection. */
#define EVCP_AT_INLET 3
/* At the outlet. */
#define EVCP_AT_OUTLET 4
/* In the body of the charger. */
#define EVCP_AT_BODY 5
/* Amperes per phase. */
#define EVCP_AMPS 0
/* Watts over all phases. */
#define EVCP_WATTS 1
/* It began; energy is permitted from now on. */
#define EVCP_TX_STARTED 0
/* It goes on after a restart. */
#define EVCP_TX_RESUMED 1
/* The central system gave it an id: also after it ended, if there was no connection. */
#define EVCP_TX_CONFIRMED 2
/* The central system does not accept the tag after all. */
#define EVCP_TX_DEAUTHORIZED 3
/* It ended. */
#define EVCP_TX_STOPPED 4
/* The central system refused it to the end (TransactionMessageAttempts), and it is over: nothing more of
 * it is sent. It is kept as undelivered: evcp_get_undelivered(), evcp_deliver_tx(), evcp_forget_tx(). */
#define EVCP_TX_GIVEN_UP 5
/* One that was given up has been delivered after all. */
#define EVCP_TX_DELIVERED 6
/* The central system has not answered a message of it three times: it is sent on and on, and nothing
 * newer is delivered before it. */
#define EVCP_TX_UNANSWERED 7
/* The firmware reports with evcp_set_contactor() whether a contactor is closed. */
#define EVCP_FEEDBACK_CONTACTOR 1
/* The firmware reports with evcp_set_lock() whether a lock is closed. */
#define EVCP_FEEDBACK_LOCK 2
/* Any text. */
#define EVCP_KEY_TEXT 0
/* A whole number. */
#define EVCP_KEY_INTEGER 1
/* "true" or "false", in any case. */
#define EVCP_KEY_BOOLEAN 2
/* Entries with commas between them. */
#define EVCP_KEY_LIST 3
/* Somebody showed it at a reader. */
#define EVCP_BY_READER 0
/* The central system starts a transaction with it (RemoteStartTransaction). */
#define EVCP_BY_CENTRAL_SYSTEM 1
/* The charger itself: evcp_start_tx(). */
#define EVCP_BY_CHARGER 2
/* Nobody: a vehicle was plugged in while the key FreeCharging is set. */
#define EVCP_BY_FREE_CHARGING 3
/* It starts a transaction. */
#define EVCP_FOR_START 0
/* It stops one: its own, or that of its group. */
#define EVCP_FOR_STOP 1
/* It gets a cable out that is kept for it, or for its group. */
#define EVCP_FOR_UNLOCK 2
/* It was shown a second time before anything was plugged in: its permission is taken back. */
#define EVCP_FOR_TAKE_BACK 3
/* The status says it all. */
#define EVCP_WHY_NONE 0
/* The connector, or each that the reader serves, was taken out of service. */
#define EVCP_WHY_OUT_OF_SERVICE 1
/* The connector, each that the reader serves, or the charge point has a fault. */
#define EVCP_WHY_FAULTED 2
/* The central system has never accepted this charge point. */
#define EVCP_WHY_NOT_REGISTERED 3
/* A reset is under way, or evcp_stop() was called. */
#define EVCP_WHY_RESTARTING 4
/* There is no connection, and what is known here does not let it charge. */
#define EVCP_WHY_OFFLINE_UNKNOWN 5
/* The central system gave no answer that says, and what is known here does not let it charge. */
#define EVCP_WHY_CENTRAL_SYSTEM_SILENT 6
/* So many tags are being asked about that this one was not: show it again. */
#define EVCP_WHY_TOO_MANY 7
/* None of the connectors is free. */
#define EVCP_WHY_NO_FREE_CONNECTOR 8
/* Another tag charges at this connector, the only one that the reader serves. */
#define EVCP_WHY_OTHER_TAG_CHARGES 9
/* The cable in this connector is kept for the tag that charged. */
#define EVCP_WHY_CABLE_KEPT 10
/* evcp_cancel(), a stop or an unlock came first. */
#define EVCP_WHY_CANCELLED 11
/* The vehicle at this connector charges without a tag (key FreeCharging): this one changes nothing. */
#define EVCP_WHY_FREE_CHARGING 12
/* The charger is about to be updated, or shut down: evcp_set_draining(). */
#define EVCP_WHY_DRAINING 13
/* A restart now costs nobody anything. */
#define EVCP_RESTART_FREE 0
/* Somebody who may charge, or whose tag is being asked about, would have to show it again. */
#define EVCP_RESTART_WAITING 1
/* A transaction would be interrupted. */
#define EVCP_RESTART_SESSION 2
/* What is in memory alone would be lost. */
#define EVCP_RESTART_DATA 3
/* How long a question may stay without answer, in milliseconds, unless "answer.timeout_s" says
 * otherwise. A meter must be read sooner: within "meter.timeout_s", 2 s. The time begins when the
 * question can be dispatched. */
#define EVCP_ANSWER_MS 25000
/* There is no connection. */
#define EVCP_DISCONNECTED 0
/* An attempt failed; the next follows by itself. */
#define EVCP_CONNECT_FAILED 1
/* The WebSocket stands. */
#define EVCP_CONNECTED 2
/* The charge point is in operation. */
#define EVCP_BOOT_ACCEPTED 0
/* The central system wants to configure it first. */
#define EVCP_BOOT_PENDING 1
/* The central system does not want it now. */
#define EVCP_BOOT_REJECTED 2
/* The tag may charge, or it stopped its transaction. */
#define EVCP_AUTH_ACCEPTED 0
/* The tag is blocked. */
#define EVCP_AUTH_BLOCKED 1
/* The tag has expired. */
#define EVCP_AUTH_EXPIRED 2
/* Nobody knows the tag; or nobody could be asked, or what it was to do is off: see why. */
#define EVCP_AUTH_INVALID 3
/* The tag is charging elsewhere, or nothing can begin here: see why. */
#define EVCP_AUTH_CONCURRENT_TX 4
/* OCPP's Available */
#define EVCP_STATUS_AVAILABLE 0
/* OCPP's Preparing */
#define EVCP_STATUS_PREPARING 1
/* OCPP's Charging */
#define EVCP_STATUS_CHARGING 2
/* OCPP's SuspendedEVSE */
#define EVCP_STATUS_SUSPENDED_EVSE 3
/* OCPP's SuspendedEV */
#define EVCP_STATUS_SUSPENDED_EV 4
/* OCPP's Finishing */
#define EVCP_STATUS_FINISHING 5
/* OCPP's Reserved */
#define EVCP_STATUS_RESERVED 6
/* OCPP's Unavailable */
#define EVCP_STATUS_UNAVAILABLE 7
/* OCPP's Faulted */
#define EVCP_STATUS_FAULTED 8
/* What could not be written before is written. */
#define EVCP_STORAGE_WORKS 0
/* It fails: what happens is kept in memory only. */
#define EVCP_STORAGE_FAILS 1
/* It works, but some of it could not be read and was set aside; or a damaged database was kept aside and
 * what it still says salvaged into a fresh one; or one that somebody removed was written again. */
#define EVCP_STORAGE_DAMAGED 2
/* A frame was received. */
#define EVCP_FRAME_RECEIVED 0
/* A frame is being sent. */
#define EVCP_FRAME_SENT 1
/* A meter is read for the beginning of a transaction. */
#define EVCP_READ_BEGIN 0
/* A meter is read for a periodic sample. */
#define EVCP_READ_SAMPLE 1
/* A meter is read for the end of a transaction. */
#define EVCP_READ_END 2
/* A meter is read because the central system asks. */
#define EVCP_READ_TRIGGER 3
/* A meter is read for a sample at an instant of the wall clock. */
#define EVCP_READ_CLOCK 4
/* ChargePointMaxProfile: what all connectors draw together. */
#define EVCP_PURPOSE_CHARGE_POINT_MAX 0
/* TxDefaultProfile: each transaction that has no profile of its own. */
#define EVCP_PURPOSE_TX_DEFAULT 1
/* TxProfile: one transaction. */
#define EVCP_PURPOSE_TX 2
/* Errors only. */
#define EVCP_LOG_ERROR 1
/* And what somebody should look at. */
#define EVCP_LOG_WARN 2
/* And what happens. */
#define EVCP_LOG_INFO 3
/* And why. */
#define EVCP_LOG_DEBUG 4
/* And every frame, with tags: not for a log that others read. Secrets are replaced by "***", unless the setting
 * "frames.secrets" of a charge point says otherwise. */
#define EVCP_LOG_TRACE 5

/* ---- Types ------------------------------------------------------------------------------- */

/* What a charge point is made of. Not for two threads at once. */
typedef struct evcp_config_t evcp_config_t;

/* A charge point. */
typedef struct evcp_t evcp_t;

/* 0 is success, negative is an error, positive is a count. */
typedef int32_t evcp_err_t;

/* A configuration key of the firmware's own. A value outside of what it may be is refused without a question. */
typedef struct {
    /* sizeof(evcp_key_decl_t); see GROWTH. */
    uint32_t struct_size;
    /* EVCP_KEY_*: what its value is. */
    uint32_t kind;
    /* Its name, 1 to 50 characters. */
    const char *name;
    /* Its value until somebody changes it, 500 characters at most. */
    const char *value;
    /* For EVCP_KEY_TEXT the values that there are, for EVCP_KEY_LIST the entries, with commas between them, as in
     * "red,blue"; NULL: any. */
    const char *words;
    /* NULL. */
    const char *reserved_pointer;
    /* For EVCP_KEY_INTEGER the least value; else 0. */
    int64_t min;
    /* For EVCP_KEY_INTEGER the greatest value (min and max 0: any), for EVCP_KEY_TEXT the characters and for
     * EVCP_KEY_LIST the entries at most (0: what fits in 500 characters); else 0. */
    int64_t max;
    /* Whether the central system may only read it. */
    bool read_only;
    /* Whether a change takes effect at the next boot only: the central system is told so. */
    bool reboot_required;
    /* Whether on_key_change is asked before the central system changes it. */
    bool asks;
    /* Zero. */
    uint8_t reserved[5];
} evcp_key_decl_t;

/* A transaction, by the charge point's own number; survives a restart; 0 is none. */
typedef uint64_t evcp_tx_t;

/* The whole command for one connector: a later one replaces all of an earlier one. */
typedef struct {
    /* sizeof(evcp_supply_t); see GROWTH. */
    uint32_t struct_size;
    /* Whether the contactor may be closed; false: open it. */
    bool permit;
    /* How many phases may be used, 1 to 3; 0: all that there are. */
    uint8_t phases;
    /* Whether the lock of the connector is to be closed; false: open it. */
    bool lock;
    /* Zero. */
    uint8_t reserved;
    /* A per phase, at most; 0 unless permit is set. */
    double amps;
    /* W over all phases, at most; 0 unless permit is set. */
    double watts;
    /* The transaction that is served; 0 for none. */
    evcp_tx_t tx;
} evcp_supply_t;

/* A question of the central system or of the library; answer it once, with evcp_answer() or one
 * of its kind. Never used again; 0 is none. */
typedef uint64_t evcp_req_t;

/* Vendor data of the central system. */
typedef struct {
    /* How much of this struct the library filled. */
    uint32_t struct_size;
    /* Zero. */
    uint32_t reserved;
    /* Whose it is. */
    const char *vendor;
    /* Which message of theirs; NULL if it does not say. */
    const char *message;
    /* What it says, NUL-terminated too; NULL for nothing. */
    const char *data;
    /* The bytes of data, without the NUL at its end. */
    size_t len;
} evcp_data_info_t;

/* A configuration key. */
typedef struct {
    /* How much of this struct the library filled; in evcp_get_key_info(): sizeof(evcp_key_info_t), set by the
     * caller. */
    uint32_t struct_size;
    /* Whether the central system may only read it. */
    bool read_only;
    /* Whether a change of the central system counts from the next boot on. */
    bool reboot_required;
    /* Zero. */
    uint8_t reserved[2];
    /* Its name. */
    const char *key;
    /* Its value now, or in on_key_change what it is to be; NULL for a secret, which may not be read. */
    const char *value;
} evcp_key_info_t;

/* The link to the central system. */
typedef struct {
    /* How much of this struct the library filled; in evcp_get_link(): sizeof(evcp_connection_info_t), set by the
     * caller. */
    uint32_t struct_size;
    /* EVCP_DISCONNECTED, EVCP_CONNECT_FAILED or EVCP_CONNECTED. */
    uint32_t state;
    /* Why, in words for people. */
    const char *detail;
    /* By which network profile, 1 to 4: that of the connection, or of the attempt. */
    uint32_t slot;
    /* Zero. */
    uint32_t reserved;
} evcp_connection_info_t;

/* The answer to BootNotification. */
typedef struct {
    /* How much of this struct the library filled; in evcp_get_registration(): sizeof(evcp_boot_info_t), set by
     * the caller. */
    uint32_t struct_size;
    /* EVCP_BOOT_* */
    uint32_t status;
    /* Between heartbeats if accepted, and else until the next attempt, in seconds; 0: it named none. */
    uint32_t interval_s;
    /* Zero. */
    uint32_t reserved;
    /* The time at the central system: Unix time in milliseconds; 0: it named none that can be read. */
    int64_t time_ms;
} evcp_boot_info_t;

/* What became of a tag. */
typedef struct {
    /* How much of this struct the library filled. */
    uint32_t struct_size;
    /* Where it does what it was to do; 0 if it was refused. */
    uint32_t connector;
    /* Where it was shown, or meant for; 0: at a reader of several connectors, or anywhere. */
    uint32_t reader;
    /* EVCP_BY_*: who brought it. */
    uint32_t by;
    /* EVCP_FOR_*: what it does, or was to do. */
    uint32_t purpose;
    /* EVCP_AUTH_* */
    uint32_t status;
    /* EVCP_WHY_*: what status does not say. */
    uint32_t why;
    /* Zero. */
    uint32_t reserved;
    /* The tag. */
    const char *tag;
} evcp_auth_info_t;

/* Somebody who was waited for, until ConnectionTimeOut was over. */
typedef struct {
    /* How much of this struct the library filled. */
    uint32_t struct_size;
    /* Where a vehicle was waited for. */
    uint32_t connector;
    /* As in on_auth; if it is 0 a plug at another connector would have done, too. */
    uint32_t reader;
    /* EVCP_BY_*: by whom the tag may charge: a card, a remote start, or evcp_start_tx(). */
    uint32_t by;
    /* The tag. */
    const char *tag;
} evcp_timeout_info_t;

/* What is wrong, as OCPP has it: EVCP_ERROR_*. */
typedef uint32_t evcp_error_code_t;

/* The status of a connector, and what is wrong with it. */
typedef struct {
    /* How much of this struct the library filled. */
    uint32_t struct_size;
    /* Where; 0: the charge point. */
    uint32_t connector;
    /* EVCP_STATUS_* */
    uint32_t status;
    /* EVCP_ERROR_*: what is wrong. */
    evcp_error_code_t error_code;
    /* What evcp_set_fault() or evcp_set_warning() said of it; NULL for nothing. */
    const char *info;
    /* The vendor's own code, from there as well; NULL for none. */
    const char *vendor_code;
} evcp_status_info_t;

/* Why a transaction ended, as OCPP has it: EVCP_REASON_*. */
typedef uint32_t evcp_reason_t;

/* A transaction, at a step of its life. */
typedef struct {
    /* How much of this struct the library filled; in evcp_get_tx_info() and evcp_get_undelivered():
     * sizeof(evcp_tx_info_t), set by the caller. */
    uint32_t struct_size;
    /* Where; 1 and up. */
    uint32_t connector;
    /* The transaction. */
    evcp_tx_t tx;
    /* The central system's id; any number is possible, and 0 while it is not known: see ocpp_id_known. */
    int64_t ocpp_id;
    /* Unix time in milliseconds. */
    int64_t started_ms;
    /* Unix time in milliseconds; 0 while it runs. */
    int64_t stopped_ms;
    /* The register when it began, Wh. */
    double meter_start_wh;
    /* The register when it ended, Wh; 0 while it runs. */
    double meter_stop_wh;
    /* EVCP_TX_* */
    uint32_t change;
    /* EVCP_REASON_*: why it ended; EVCP_REASON_NONE while it runs. */
    evcp_reason_t reason;
    /* Whether the central system gave it an id. */
    bool ocpp_id_known;
    /* Zero. */
    uint8_t reserved[7];
    /* The tag that started it. */
    const char *tag;
    /* The central system's id as text; NULL while it is not known. */
    const char *ocpp_id_text;
} evcp_tx_info_t;

/* How the storage does. */
typedef struct {
    /* How much of this struct the library filled. */
    uint32_t struct_size;
    /* EVCP_STORAGE_* */
    uint32_t state;
    /* Why, or what was lost, in words for people; empty when it works again. */
    const char *detail;
} evcp_storage_info_t;

/* A text frame of OCPP-J. */
typedef struct {
    /* How much of this struct the library filled. */
    uint32_t struct_size;
    /* EVCP_FRAME_RECEIVED or EVCP_FRAME_SENT. */
    uint32_t direction;
    /* When, by the device's clock: Unix time in milliseconds. */
    int64_t time_ms;
    /* How many frames were lost right before it, because callbacks were not dispatched in time. */
    uint64_t dropped;
    /* What it says, NUL-terminated too. */
    const char *text;
    /* The bytes of text, without the NUL at its end. */
    size_t len;
    /* Whether secrets in it were replaced by "***". */
    bool masked;
    /* Zero. */
    uint8_t reserved[7];
} evcp_frame_info_t;

/* What is going on, and what a restart now would cost. */
typedef struct {
    /* sizeof(evcp_restart_info_t), set by the caller of evcp_get_restart(); only that much is written. */
    uint32_t struct_size;
    /* EVCP_RESTART_*: what a restart now would cost, the worst of it. */
    uint32_t verdict;
    /* Transactions that are running, or wait for their last reading. */
    uint32_t transactions;
    /* Those who may charge, and whose transaction has not begun. */
    uint32_t permissions;
    /* Tags that the central system is being asked about. */
    uint32_t asked;
    /* Whether what should be on the disk is in memory: the disk fails, or there is no storage. */
    bool storage_fails;
    /* Whether the newest readings are in memory alone: evcp_stop() stores them, a power cut loses them. */
    bool unsaved;
    /* Whether evcp_set_draining() is in effect. */
    bool draining;
    /* Whether a reset of the central system is under way: on_reboot follows. */
    bool resetting;
    /* Transaction messages that wait for delivery; they survive a restart. */
    uint64_t queued;
    /* Transactions that were given up and are kept (evcp_get_undelivered()); they survive a restart. */
    uint64_t undelivered;
} evcp_restart_info_t;

/* What the library tells and asks. NULL is a default for every slot: a question that nobody serves
 * is answered as OCPP asks, a notice that nobody wants is dropped.
 *
 * A slot with an evcp_req_t asks a question: answer with evcp_answer() or the typed answer, inside
 * the callback or later, from any thread, before EVCP_ANSWER_MS have passed. No slot may be left
 * by throw, longjmp or pthread_exit. */
typedef struct {
    /* sizeof(evcp_callbacks_t); see GROWTH. */
    uint32_t struct_size;
    /* Zero. */
    uint32_t reserved;
    /* Called once, after the last call of any other slot: user_data may go now. */
    void (*destroy)(void *user_data);
    /* A command, complete; the first ones come after the start, for every connector. */
    void (*on_supply)(void *user_data, uint32_t connector, const evcp_supply_t *supply);
    /* Unlock the connector; energy is off. EVCP_ACCEPTED, EVCP_FAILED, EVCP_NOT_SUPPORTED.
     * NULL: NotSupported. */
    void (*on_unlock)(void *user_data, uint32_t connector, evcp_req_t req);
    /* May the device be restarted? EVCP_ACCEPTED or EVCP_REJECTED; on_reboot says when.
     * NULL: Rejected. */
    void (*on_reset)(void *user_data, bool hard, evcp_req_t req);
    /* Read the meter (connector 0: the main meter; context: EVCP_READ_*): evcp_answer_meter().
     * Asked at the start and the end of a session, for each sample, and while energy flows at least each
     * "storage.sample_commit_s". Unanswered: a sample is left out; a bill has the register that is known,
     * and a start waits up to 10 s for one. NULL: what evcp_push_meter() said is used. */
    void (*on_meter_read)(void *user_data, uint32_t connector, uint32_t context, evcp_req_t req);
    /* Vendor data of the central system: evcp_answer_data(). NULL: UnknownVendorId. */
    void (*on_data_transfer)(void *user_data, const evcp_data_info_t *data, evcp_req_t req);
    /* May the central system change this key of the firmware's own, which was declared with asks? value is what it is
     * to be, within its limits. EVCP_ACCEPTED, EVCP_REJECTED, or EVCP_REBOOT_REQUIRED: it is stored, and counts
     * from the next boot on. It has its value when on_key_changed says so. NULL: Rejected. */
    void (*on_key_change)(void *user_data, const evcp_key_info_t *key, evcp_req_t req);
    /* The link changed. */
    void (*on_connection)(void *user_data, const evcp_connection_info_t *connection);
    /* BootNotification was answered. */
    void (*on_boot)(void *user_data, const evcp_boot_info_t *boot);
    /* The central system says what time it is: the device may set its clock. */
    void (*on_time)(void *user_data, int64_t unix_ms);
    /* What became of a tag: one that was shown, that a remote start brought, or that evcp_start_tx() let in.
     * One that was accepted for a start is told again, with why, if it is called off before the transaction
     * begins; on_timeout tells if ConnectionTimeOut is over first. */
    void (*on_auth)(void *user_data, const evcp_auth_info_t *auth);
    /* ConnectionTimeOut is over, and nobody plugged in: who may charge may not any more. */
    void (*on_timeout)(void *user_data, const evcp_timeout_info_t *timeout);
    /* A connector (0: the charge point) has a new status, or another error code. */
    void (*on_status)(void *user_data, const evcp_status_info_t *status);
    /* A transaction took a step. */
    void (*on_tx)(void *user_data, const evcp_tx_info_t *tx);
    /* The central system put a connector (0: all) in or out of service. */
    void (*on_availability)(void *user_data, uint32_t connector, bool operative);
    /* A configuration key was changed. */
    void (*on_key_changed)(void *user_data, const evcp_key_info_t *key);
    /* The storage fails, works again, or was damaged: what could not be saved is in the detail, and all
     * of it in the log. */
    void (*on_storage)(void *user_data, const evcp_storage_info_t *storage);
    /* A frame of OCPP-J was received or is being sent, in its place among the other callbacks, with secrets replaced by
     * "***" (setting "frames.secrets"). A host that is behind loses the oldest: 256 of them, or a mebibyte, wait at
     * most. NULL costs nothing. */
    void (*on_frame)(void *user_data, const evcp_frame_info_t *frame);
    /* All is stored and said: restart the device (hard) or the application now. */
    void (*on_reboot)(void *user_data, bool hard);
    /* No session is left since evcp_set_draining(). */
    void (*on_drained)(void *user_data, const evcp_restart_info_t *restart);
    /* The library cannot go on: supply nothing, and free the handle. The last call but destroy. */
    void (*on_fatal)(void *user_data, evcp_err_t err, const char *detail);
} evcp_callbacks_t;

/* What the control pilot (IEC 61851) and the socket say of the vehicle. */
typedef uint32_t evcp_ev_t;

/* One value of a meter, in the unit that stands at its measurand: Wh, W, A, V, %, degrees Celsius,
 * Hz, var, varh, 1/min. Frozen: arrays of it cross the border. */
typedef struct {
    /* The value; finite, and exact to a thousandth. */
    double value;
    /* EVCP_M_* */
    uint16_t measurand;
    /* EVCP_PHASE_* */
    uint8_t phase;
    /* EVCP_AT_* */
    uint8_t location;
    /* Zero. */
    uint32_t reserved;
} evcp_sample_t;

/* So much may be drawn, and not more. */
typedef struct {
    /* sizeof(evcp_limit_t); see GROWTH. */
    uint32_t struct_size;
    /* EVCP_AMPS (per phase) or EVCP_WATTS (over all phases). */
    uint32_t unit;
    /* How much, up to 10000 A or 10000000 W; what is between two tenths counts as the lower one. 0 is nothing. */
    double value;
    /* On how many phases at most, 1 to 3; 0: on all that there are. */
    uint32_t phases;
    /* Zero. */
    uint32_t reserved;
} evcp_limit_t;

/* A local limit that stands. */
typedef struct {
    /* How much of this struct the library filled. */
    uint32_t struct_size;
    /* EVCP_AMPS or EVCP_WATTS. */
    uint32_t unit;
    /* How much may be drawn. */
    double value;
    /* On how many phases at most; 0: on all that there are. */
    uint32_t phases;
    /* Whether it is the failsafe value: the source has not spoken since the start, or not for too long. */
    bool failsafe;
    /* Zero. */
    uint8_t reserved[3];
    /* Who set it. */
    char source[40];
} evcp_local_limit_t;

/* Called exactly once, from evcp_dispatch(), with what became of vendor data: EVCP_OK and the
 * answer (EVCP_ACCEPTED, EVCP_REJECTED, EVCP_UNKNOWN_VENDOR, EVCP_UNKNOWN_MESSAGE; data is
 * NUL-terminated too, and NULL if there is none); EVCP_E_OFFLINE; EVCP_E_IO when no answer came or
 * an error instead, with the reason in data; EVCP_E_CLOSED, from evcp_free(), when the charge
 * point goes first. */
typedef void (*evcp_data_fn)(void *user_data,
                             evcp_err_t err,
                             uint32_t status,
                             const char *data,
                             size_t len);

/* A way to a central system. What is zero or NULL is as if it were not there. */
typedef struct {
    /* sizeof(evcp_network_profile_t); see GROWTH. */
    uint32_t struct_size;
    /* As evcp_config_set_profile(). */
    uint32_t security_profile;
    /* As evcp_config_set_url(). Must be there. */
    const char *url;
    /* As evcp_config_set_identity(). Must be there. */
    const char *identity;
    /* The password for security profiles 1 and 2, 16 to 20 bytes of any kind, for the central system of this
     * url and identity alone. NULL: that of another profile with the same url, but for its scheme, and
     * identity, or else, if the profile with the lowest number at evcp_new() has them too, the configuration
     * key AuthorizationKey. What the central system sets later wins, also after a restart, for as long as
     * url, identity and auth_key stay the same. */
    const uint8_t *auth_key;
    /* Its bytes. */
    size_t auth_key_len;
    /* As evcp_config_set_ca_pem(). */
    const uint8_t *ca_pem;
    /* Its bytes. */
    size_t ca_pem_len;
    /* As evcp_config_set_client_pem(). */
    const uint8_t *client_chain_pem;
    /* Its bytes. */
    size_t client_chain_pem_len;
    /* The key to it. */
    const uint8_t *client_key_pem;
    /* Its bytes. */
    size_t client_key_pem_len;
    /* The network interface that connections leave by, "wwan0" (SO_BINDTODEVICE). Before Linux 5.7 the
     * process needs CAP_NET_RAW for it; on_connection says so where that is missing. Names are looked
     * up as the system does it, not by this interface. */
    const char *interface;
    /* The address that connections leave from, IPv4 or IPv6: only addresses of its kind are tried. */
    const char *source_address;
    /* An HTTP proxy on the way, "http://[user:password@]host:port", characters of its user and password
     * percent-encoded where need be. It is asked for a tunnel to the central system (CONNECT), whose name
     * it looks up; TLS runs inside. */
    const char *proxy;
    /* How long an attempt to connect may take with all its steps, 1 to 600; 0: 30. */
    uint32_t connect_timeout_s;
    /* Zero. */
    uint32_t reserved;
} evcp_network_profile_t;

/* An answer to a question. */
typedef uint32_t evcp_answer_t;

/* A piece of a schedule. It grows at its end: evcp_get_schedule() is told how large the caller's is. */
typedef struct {
    /* What may be drawn, in the unit that was asked for. */
    double limit;
    /* When it begins, in seconds from the question on. */
    uint32_t start_s;
    /* How many phases may be used, 1 to 3; 0: all that there are. */
    uint32_t phases;
} evcp_period_t;

/* How much happened since the start. */
typedef struct {
    /* sizeof(evcp_stats_t), set by the caller; only that much is written. */
    uint32_t struct_size;
    /* Zero. */
    uint32_t reserved;
    /* Connections that were made. */
    uint64_t connects;
    /* Calls that were sent. */
    uint64_t calls_sent;
    /* Calls of the central system that came. */
    uint64_t calls_received;
    /* Calls, in either direction, that ended in an error. */
    uint64_t call_errors;
    /* Calls that were not answered in time. */
    uint64_t timeouts;
    /* Frames that made no sense. */
    uint64_t garbage;
    /* Transaction messages that wait for delivery now. */
    uint64_t queued;
    /* Bytes in the database. */
    uint64_t stored_bytes;
    /* Bugs of the library that were contained. */
    uint64_t panics;
    /* How far the device's clock is off, as the central system says, in milliseconds. */
    int64_t clock_offset_ms;
    /* Meter values that were dropped because too many were queued. */
    uint64_t thinned;
} evcp_stats_t;

/* A fault, or a warning, that is there now. */
typedef struct {
    /* sizeof(evcp_fault_info_t), set by the caller; only that much is written. */
    uint32_t struct_size;
    /* Which it is of those of this connector: what evcp_get_fault() goes on from. Never 0. */
    uint32_t number;
    /* Where; 0: the charge point. */
    uint32_t connector;
    /* EVCP_ERROR_*: what is wrong. */
    evcp_error_code_t code;
    /* Whether it is a warning, which stops nothing. */
    bool warning;
    /* Whether it is the one that the status of the connector tells of. */
    bool shown;
    /* Whether the library found it out itself, such as a contactor that does not open: it ends when it is over, and
     * not by evcp_clear_fault(). */
    bool own;
    /* Zero. */
    uint8_t reserved[5];
    /* What was said of it; NULL for nothing. */
    const char *info;
    /* The vendor's own code for it; NULL for none. */
    const char *vendor_code;
} evcp_fault_info_t;

/* A charging profile that is installed. */
typedef struct {
    /* sizeof(evcp_profile_info_t), set by the caller; only that much is written. */
    uint32_t struct_size;
    /* Where it is installed; 0: the charge point. */
    uint32_t connector;
    /* Its number in the list of evcp_get_profile(), never 0. It stays the same. */
    uint64_t number;
    /* The transaction that a TxProfile is for; else 0. */
    evcp_tx_t tx;
    /* Its chargingProfileId. The charger's own have ids of their own. */
    int32_t id;
    /* Its stackLevel: a higher one prevails. */
    int32_t level;
    /* EVCP_PURPOSE_* */
    uint32_t purpose;
    /* Whether it is one of the charger's own, and not of the central system. */
    bool local;
    /* Whether it says nothing now, since there is no connection: "offline.ignores". */
    bool ignored;
    /* Zero. */
    uint8_t reserved[2];
    /* All of it: a ChargingProfile of OCPP 1.6 (§7.8), JSON. */
    const char *json;
    /* NULL. */
    const char *reserved_pointer;
} evcp_profile_info_t;

/* One line of the log. */
typedef struct {
    /* How much of this struct the library filled. */
    uint32_t struct_size;
    /* EVCP_LOG_ERROR to EVCP_LOG_TRACE. */
    uint32_t level;
    /* Which part of the library speaks. */
    const char *target;
    /* What it says, without a line end. */
    const char *text;
    /* The charge point that it is about, by its name at the central system (63 bytes of it at most); NULL: none alone. */
    const char *identity;
} evcp_log_line_t;

/* Receives log lines, on any thread, also one of the library: it must not call evcp_*. */
typedef void (*evcp_log_fn)(void *user_data, const evcp_log_line_t *line);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ---- Errors and version ------------------------------------------------------------------ */

/* What a result means, in a few words. Never NULL; static. */
EVCP_API const char *evcp_strerror(evcp_err_t err);

/* What exactly went wrong in the last call on this thread that failed. Never NULL; the pointer
 * is valid while the thread lives, the text until the next failure on it. */
EVCP_API const char *evcp_last_error(void);

/* The version of the library that runs, e.g. "0.1.0". Static. */
EVCP_API const char *evcp_version(void);

/* The version of the library that runs: major << 16 | minor << 8 | patch. */
EVCP_API uint32_t evcp_version_number(void);

/* ---- Configuration ----------------------------------------------------------------------- */

/* A configuration with one connector and defaults for everything else. Yours until
 * evcp_config_free(). NULL only after a failure inside the library. */
EVCP_API evcp_config_t *evcp_config_new(void);

/* Frees a configuration; NULL is fine. Charge points made from it keep their copies. */
EVCP_API void evcp_config_free(evcp_config_t *cfg);

/* Where the central system is: "ws://host:port/path", "wss://..." for TLS, or "host:port/path": then
 * the security profile decides. evcp_new() refuses wss:// at profile 1, which would send the password
 * without TLS, and ws:// at profiles 2 and 3. The identity is appended. */
EVCP_API
evcp_err_t evcp_config_set_url(evcp_config_t *cfg,
                               const char *url);

/* The name of the charge point at the central system; also the user name for its password. */
EVCP_API evcp_err_t evcp_config_set_identity(evcp_config_t *cfg, const char *identity);

/* What BootNotification says of the device: vendor and model have 1 to 20 characters; serial (25)
 * and firmware (50) may be NULL. */
EVCP_API
evcp_err_t evcp_config_set_device(evcp_config_t *cfg,
                                  const char *vendor,
                                  const char *model,
                                  const char *serial,
                                  const char *firmware);

/* How many connectors there are, 1 to 256. All are sockets that can be locked; see
 * evcp_config_set_lockable(). */
EVCP_API evcp_err_t evcp_config_set_connectors(evcp_config_t *cfg, uint32_t count);

/* Whether a connector is a socket with a lock (true, the default) or has a fixed cable (false). */
EVCP_API
evcp_err_t evcp_config_set_lockable(evcp_config_t *cfg,
                                    uint32_t connector,
                                    bool lockable);

/* What of a connector reports whether it is closed: flags: EVCP_FEEDBACK_*, or 0 for nothing, the default:
 * then it is taken to obey. With EVCP_FEEDBACK_LOCK a transaction begins, and energy is permitted,
 * when the lock is closed; one that is not as it should be "lock.timeout_s" (5 s) after its command is a
 * fault, ConnectorLockFailure, until it is. With EVCP_FEEDBACK_CONTACTOR a vehicle is Charging when the contactor
 * is closed, and the last reading of a transaction waits until it is open; one that does not obey for
 * "contactor.timeout_s" (2 s) is a fault, PowerSwitchFailure. A fixed cable has no lock:
 * evcp_config_set_lockable() first. docs/guide.md has the order in which all this happens. */
EVCP_API
evcp_err_t evcp_config_set_feedback(evcp_config_t *cfg,
                                    uint32_t connector,
                                    uint32_t flags);

/* What the wires and contactors of a connector (0: of the grid connection of the whole charge point)
 * can carry: amps per phase on 1 to 3 phases, or, with phases 0, of direct current; up to 10000 A,
 * in steps of 0.1 A. A connector has 32 A on three phases unless this says otherwise, and is never
 * told more. The grid connection has no limit unless this says so; then all connectors together are
 * never told more, whatever the central system says: they share it, or have equal parts of it with
 * "smart.sharing" off. The amps of all connectors count as if they were on the same phases. The
 * voltage is the setting "electric.voltage_v". */
EVCP_API
evcp_err_t evcp_config_set_limit(evcp_config_t *cfg,
                                 uint32_t connector,
                                 uint32_t phases,
                                 double amps);

/* The least current that a connector can say to a vehicle, in A per phase, up to 80: where limits leave less than
 * that, nothing flows (SuspendedEVSE). For alternating current it is the setting "electric.min_a" (6 A, as in IEC
 * 61851), and for direct current 0, unless this says otherwise. */
EVCP_API
evcp_err_t evcp_config_set_min_current(evcp_config_t *cfg,
                                       uint32_t connector,
                                       double amps);

/* The directory for everything that must survive a power cut; it is made if it does not exist, and
 * belongs to one charge point alone. Without one (NULL) everything is forgotten at the end. */
EVCP_API
evcp_err_t evcp_config_set_storage(evcp_config_t *cfg,
                                   const char *directory);

/* Security profile of OCPP: 0 none, 1 password, 2 TLS and password, 3 TLS with certificates on
 * both sides. */
EVCP_API evcp_err_t evcp_config_set_profile(evcp_config_t *cfg, uint32_t security_profile);

/* The password for profiles 1 and 2, 16 to 20 bytes of any kind. A password that the central
 * system sets later wins. */
EVCP_API
evcp_err_t evcp_config_set_auth_key(evcp_config_t *cfg,
                                    const uint8_t *key,
                                    size_t len);

/* The roots that the central system's certificate must lead to, one or several, as PEM. No others
 * are trusted. */
EVCP_API evcp_err_t evcp_config_set_ca_pem(evcp_config_t *cfg, const uint8_t *pem, size_t len);

/* The charge point's own certificate with those between it and its root, and the key to it, as
 * PEM, for profile 3. */
EVCP_API
evcp_err_t evcp_config_set_client_pem(evcp_config_t *cfg,
                                      const uint8_t *chain,
                                      size_t chain_len,
                                      const uint8_t *key,
                                      size_t key_len);

/* Everything else by name: OCPP's configuration keys ("HeartbeatInterval", "300"), which stored
 * changes of the central system win over, and the library's own settings ("reconnect.max_s",
 * "60"). EVCP_E_UNSUPPORTED for a name that there is not. The value of an OCPP key is checked by
 * evcp_new(). */
EVCP_API evcp_err_t evcp_config_set(evcp_config_t *cfg, const char *name, const char *value);

/* A configuration key of the firmware's own, that the central system may read and, unless it is
 * read_only, write; on_key_changed tells. A name of OCPP's own is refused, and a value that it may not have. */
EVCP_API
evcp_err_t evcp_config_declare(evcp_config_t *cfg,
                               const evcp_key_decl_t *decl);

/* Runs the callbacks that wait, on this thread; waits up to timeout_ms for the first (0: not at
 * all, -1: for ever). What waited when it began is run, 64 at most, supplies first: evcp_fd() stays
 * readable while more waits, and evcp_wakeup() ends it between two callbacks. Returns how many ran;
 * EVCP_E_DEADLOCK inside a callback; EVCP_E_STATE while another thread dispatches; EVCP_E_CLOSED
 * when the charge point was freed meanwhile, or stopped and nothing is left to tell; EVCP_E_PANIC
 * after a failure inside the library. */
EVCP_API
int32_t evcp_dispatch(evcp_t *cp,
                      int32_t timeout_ms);

/* ---- Life -------------------------------------------------------------------------------- */

/* Makes a charge point from a copy of cfg, with a copy of cb (NULL: no callbacks). Checks
 * everything and opens the storage; nothing runs yet. *out is yours until evcp_free().
 * EVCP_E_INVALID names what is not possible, EVCP_E_IO what is wrong with the storage,
 * EVCP_E_UNSUPPORTED a slot that this library does not know; then *out is NULL, and user_data is
 * still yours: destroy is not called. */
EVCP_API
evcp_err_t evcp_new(const evcp_config_t *cfg,
                    const evcp_callbacks_t *cb,
                    void *user_data,
                    evcp_t **out);

/* Starts the charge point: returns at once, and connects for ever. EVCP_E_STATE the second time. */
EVCP_API evcp_err_t evcp_start(evcp_t *cp);

/* Closes the link and flushes the storage, and waits for that up to timeout_ms. Does not stop
 * transactions: at the next start they end with reason Reboot and what the meter shows then, or go on
 * (setting "tx.after_power_loss"). What happened until then can still be dispatched. EVCP_E_DEADLOCK inside a
 * callback, EVCP_E_IO when it takes longer. */
EVCP_API
evcp_err_t evcp_stop(evcp_t *cp,
                     uint32_t timeout_ms);

/* Stops and frees a charge point; NULL is fine. Inside a callback: legal, and no other callback
 * follows but destroy; it waits, two seconds at most, until the storage is closed, so that evcp_new()
 * may open it in the same callback. Else it waits, two seconds at most, for a dispatch on another thread, which
 * returns EVCP_E_CLOSED. Nothing may use cp afterwards: a thread that dispatches again and again is
 * to be ended before, by evcp_stop(). Waits two seconds at most for the storage as well: call
 * evcp_stop() with a longer patience before, if the next charge point is to open the same one and
 * the disk is slow. */
EVCP_API
void evcp_free(evcp_t *cp);

/* Readable while callbacks wait: for poll, epoll, GLib, asyncio; with "host.watchdog_s" now and then although
 * none does. Owned by cp: do not read or close it. -1 for NULL. */
EVCP_API
int32_t evcp_fd(const evcp_t *cp);

/* Makes evcp_dispatch() return, now or the next time. May be called in a signal handler; NULL is
 * fine. */
EVCP_API void evcp_wakeup(evcp_t *cp);

/* ---- The charger tells ------------------------------------------------------------------- */

/* The state of the vehicle at a connector; as often as you like. */
EVCP_API evcp_err_t evcp_set_ev(evcp_t *cp, uint32_t connector, evcp_ev_t ev);

/* A connector (0: the charge point) has a fault: code: EVCP_ERROR_*, such as
 * EVCP_ERROR_GROUND_FAILURE; info and vendor_code (50 characters each) may be NULL. Energy is off while it
 * lasts, from this call on: evcp_get_supply() and the next on_supply say so, however busy the library
 * is. A transaction goes on when it is over. code EVCP_ERROR_NO_ERROR: no
 * fault any more. */
EVCP_API
evcp_err_t evcp_set_fault(evcp_t *cp,
                          uint32_t connector,
                          evcp_error_code_t code,
                          const char *info,
                          const char *vendor_code);

/* One fault of a connector (0: the charge point) is over: the one with this code. Others stay. */
EVCP_API evcp_err_t evcp_clear_fault(evcp_t *cp, uint32_t connector, evcp_error_code_t code);

/* One warning of a connector (0: the charge point) is over: the one with this code. Others stay. */
EVCP_API evcp_err_t evcp_clear_warning(evcp_t *cp, uint32_t connector, evcp_error_code_t code);

/* Something about a connector (0: the charge point) should be looked at, and stops nothing: the
 * code goes along with its status. As evcp_set_fault() otherwise. */
EVCP_API
evcp_err_t evcp_set_warning(evcp_t *cp,
                            uint32_t connector,
                            evcp_error_code_t code,
                            const char *info,
                            const char *vendor_code);

/* Somebody at the charger took a connector (0: all of it) out of service, or back. Survives a
 * restart. The central system cannot take that back, nor can this what the central system took out of
 * service: a connector serves people when both want it to. */
EVCP_API
evcp_err_t evcp_set_operative(evcp_t *cp,
                              uint32_t connector,
                              bool operative);

/* Whether the charger itself can supply energy at a connector (true at the start): false for heat, a switch
 * of phases or load shedding. A transaction goes on without energy, as SuspendedEVSE, and one may begin.
 * reason (up to 50 characters, NULL for none) goes along with that status; it counts with false alone. Energy
 * is off from this call on, as with evcp_set_fault(), which is for what ends in Faulted. After a restart it is
 * true. */
EVCP_API
evcp_err_t evcp_set_evse_ready(evcp_t *cp,
                               uint32_t connector,
                               bool ready,
                               const char *reason);

/* Whether the contactor of a connector is closed, as its auxiliary contact says: each time that changes, and as
 * often as you like. For connectors with EVCP_FEEDBACK_CONTACTOR; EVCP_E_STATE for others. Energy is
 * off before it is opened: say it when it is. After a restart nothing is known of it until this is called. */
EVCP_API
evcp_err_t evcp_set_contactor(evcp_t *cp,
                              uint32_t connector,
                              bool closed);

/* Whether the lock of a connector is closed (false: open, or on its way): each time that changes, and as often
 * as you like. For connectors with EVCP_FEEDBACK_LOCK; EVCP_E_STATE for others. With false, energy is
 * off from this call on, as with evcp_set_fault(). After a restart nothing is known of it until this is
 * called, and nothing is permitted by a lock of which nothing is known. */
EVCP_API
evcp_err_t evcp_set_lock(evcp_t *cp,
                         uint32_t connector,
                         bool closed);

/* The device has a better clock than the library's: Unix time in milliseconds. From then on, also
 * before evcp_start(), the central system's certificate is checked against it. */
EVCP_API evcp_err_t evcp_set_clock(evcp_t *cp, int64_t unix_ms);

/* Whether there is a network at all (true at the start). Without one no connection is tried; with
 * one again, it is tried at once. */
EVCP_API evcp_err_t evcp_set_network(evcp_t *cp, bool up);

/* What the meter of a connector (0: the main meter) shows now, 256 values at most; values that are
 * not named stay as they were, all of them if count is 0. Once a second while energy flows, also by who serves
 * on_meter_read: what was pushed last is the bill when power fails. The central system can ask for what
 * the setting "meter.measurands" names, and for the import register. */
EVCP_API
evcp_err_t evcp_push_meter(evcp_t *cp,
                           uint32_t connector,
                           const evcp_sample_t *samples,
                           size_t count);

/* What the meter of a connector shows, in the form that the meter signed (such as OCMF; text of
 * 64 KiB at most). It goes with the next first or last reading of a transaction, in the
 * transactionData of its StopTransaction, if one of the StopTxn...Data keys is set: push it before
 * evcp_answer_meter() for EVCP_READ_BEGIN and EVCP_READ_END. */
EVCP_API
evcp_err_t evcp_push_signed_meter(evcp_t *cp,
                                  uint32_t connector,
                                  const char *data,
                                  size_t len);

/* A source of limits other than the central system (the grid operator, a house meter, an energy manager, a
 * temperature, a cable, the owner: source is your name for it, 1 to 32 bytes, exactly the same each time) says what
 * may be drawn at a connector (0: by all of them together). limit NULL: this source does not limit it. The least of
 * all limits counts, those of the central system among them; none of them lets more flow than another. valid_for_ms:
 * after that time without another word from this source its failsafe value stands in its place, or nothing if it has
 * none; 0: until it says something else. As often as you like, each second for instance: the same again costs
 * nothing but a wake-up of the library's thread. It is not kept: after a restart the failsafe values hold.
 * A charge point has 16 sources in one run, each for all places. */
EVCP_API
evcp_err_t evcp_set_local_limit(evcp_t *cp,
                                uint32_t connector,
                                const char *source,
                                const evcp_limit_t *limit,
                                uint64_t valid_for_ms);

/* What holds at a connector (0: for all of them together) while a source of limits has not spoken since the start,
 * or not in time (NULL: no limit, as if this was never called). It is stored, and holds from the start on in each
 * later run, until the source speaks: set it once, or at each start (the same again writes nothing). */
EVCP_API
evcp_err_t evcp_set_failsafe(evcp_t *cp,
                             uint32_t connector,
                             const char *source,
                             const evcp_limit_t *limit);

/* The local limits that stand at a connector (0: for all of them together), one after the other: number counts from
 * 0. Returns 1, and 0 when there are no more. One that was just set shows when the library has dealt with it. */
EVCP_API
evcp_err_t evcp_get_local_limit(const evcp_t *cp,
                                uint32_t connector,
                                uint32_t number,
                                evcp_local_limit_t *out);

/* As evcp_present_tag(), for a reader that serves these connectors. The permission holds at all of them
 * that are free, until a cable is plugged in at one; meanwhile the one that on_auth names shows
 * Preparing. */
EVCP_API
evcp_err_t evcp_present_tag_at(evcp_t *cp,
                               const uint32_t *connectors,
                               size_t count,
                               const char *tag);

/* A card was shown (1 to 20 characters, none of them a control character) at the reader of a connector;
 * 0: at one that serves all of them. Each call is a wish of its own, and a second one the contrary of the first:
 * a card that lies on the reader is to be shown once. The outcome arrives in on_auth. EVCP_E_FULL when the
 * outcomes of 256 cards wait to be dispatched. */
EVCP_API
evcp_err_t evcp_present_tag(evcp_t *cp,
                            uint32_t connector,
                            const char *tag);

/* The charger itself lets somebody charge: free charging, a PIN, an app, a list of its own. Nobody is asked
 * about tag (1 to 20 characters), which the transaction begins with; it does when a vehicle is there, as after
 * a card, and the outcome arrives in on_auth. The central system may still not accept the tag when it hears of the start:
 * see StopTransactionOnInvalidId. flags is 0. EVCP_E_FULL as with evcp_present_tag(). */
EVCP_API
evcp_err_t evcp_start_tx(evcp_t *cp,
                         uint32_t connector,
                         const char *tag,
                         uint32_t flags);

/* What waits at a connector (0: at all of them) is not wanted any more, such as by the stop button before the
 * plug: a permission that nobody has used, a card that the central system is being asked about, a remote start
 * that waits for a vehicle. A transaction goes on: evcp_stop_tx() ends that. */
EVCP_API
evcp_err_t evcp_cancel(evcp_t *cp,
                       uint32_t connector);

/* Stops the transaction of a connector, if one is running. reason: EVCP_REASON_*, such as
 * EVCP_REASON_LOCAL. Energy is off from this call on: evcp_get_supply() and the next
 * on_supply say so, however busy the library is. */
EVCP_API evcp_err_t evcp_stop_tx(evcp_t *cp, uint32_t connector, evcp_reason_t reason);

/* Power fails, and the device has enough of it left to say so: transactions are stopped with the
 * register that is known (evcp_push_meter() before this: no meter is asked for), stored, and reported if there is
 * time. If power is back before the device is off, nothing goes on by itself, and the next tag begins anew. */
EVCP_API
evcp_err_t evcp_power_fails(evcp_t *cp);

/* Changes a configuration key, also one that the central system may only read. EVCP_E_UNSUPPORTED
 * for a key that there is not; EVCP_E_INVALID for a value that it cannot have, with what it can
 * have in evcp_last_error(), and for what the charge point is made of (NumberOfConnectors,
 * SecurityProfile). */
EVCP_API evcp_err_t evcp_set_key(evcp_t *cp, const char *key, const char *value);

/* Sends vendor data (vendor 255, message 50 characters; message and data may be NULL). done is
 * called exactly once, from evcp_dispatch(), never inside this call, and only if this returns
 * EVCP_OK; it may be NULL. EVCP_E_FULL while 256 of them are not concluded, or too much waits. */
EVCP_API
evcp_err_t evcp_data_transfer(evcp_t *cp,
                              const char *vendor,
                              const char *message,
                              const char *data,
                              size_t len,
                              evcp_data_fn done,
                              void *user_data);

/* The network profile of a slot, 1 to 4; NULL: none. evcp_config_set_url(), evcp_config_set_identity(),
 * evcp_config_set_profile(), evcp_config_set_ca_pem() and evcp_config_set_client_pem() change that of slot 1. With several, the
 * setting "network.priority" ("1,2,3,4") says in which order they are tried: after "network.attempts"
 * (3) that failed in a row the next one has its turn, round and round, with waits that grow as they do
 * with one. A connection that stands is not given up for a better one, unless "network.prefer_s" says after
 * how long the first one is tried again; if that attempt fails, the one that worked is next. evcp_new()
 * checks the profiles. */
EVCP_API
evcp_err_t evcp_config_set_network_profile(evcp_config_t *cfg,
                                           uint32_t slot,
                                           const evcp_network_profile_t *profile);

/* Another network profile for a slot, 1 to 4, while the charge point lives; NULL: no longer any. The last one
 * cannot be taken away: see evcp_set_network(). It is checked here, and counts from the next attempt to
 * connect. If the connection that stands is by this slot, it is closed in order and made anew at once; if
 * none stands, the profiles are tried anew, the first one first. What is the same as before changes
 * nothing. Calls that are out end as with any connection that is lost. What is queued, of transactions that
 * run or are over, is delivered by the next connection in its order, and nothing twice; also to another central system or
 * under another identity, whose transaction ids may then not be its own. A central system that has not
 * registered this charge point since its start is sent BootNotification. None of this is kept: after a
 * restart evcp_config_t counts. */
EVCP_API
evcp_err_t evcp_set_network_profile(evcp_t *cp,
                                    uint32_t slot,
                                    const evcp_network_profile_t *profile);

/* The order in which network profiles are tried from now on, by their slots, the first one first; a slot that
 * is not named is not used. With another first profile than before, or when the one in use is not named any more,
 * the connection that stands is closed in order, and the first one is tried at once. It is not kept:
 * after a restart the setting "network.priority" counts. */
EVCP_API
evcp_err_t evcp_set_network_priority(evcp_t *cp,
                                     const uint32_t *slots,
                                     size_t count);

/* ---- Answers ----------------------------------------------------------------------------- */

/* Answers a question: EVCP_ACCEPTED, EVCP_REJECTED, EVCP_FAILED, EVCP_NOT_SUPPORTED or EVCP_REBOOT_REQUIRED.
 * EVCP_E_EXPIRED when it was answered before, its time is over, or there is no such question;
 * EVCP_E_INVALID, which says what would be right, when the question is of another kind: it stays open. */
EVCP_API
evcp_err_t evcp_answer(evcp_t *cp,
                       evcp_req_t req,
                       evcp_answer_t result);

/* Answers on_meter_read with what the meter shows; count 0 (samples may be NULL): it could not be read, and is
 * not waited for any longer. For EVCP_READ_END energy is off already: read the meter when the contactor is open.
 * Errors as evcp_answer(); what comes too late (EVCP_E_EXPIRED) is taken in all the same, as if it had
 * been pushed. A reading for EVCP_READ_BEGIN or EVCP_READ_END has the import register: without it the
 * one that is known is the bill. */
EVCP_API
evcp_err_t evcp_answer_meter(evcp_t *cp,
                             evcp_req_t req,
                             const evcp_sample_t *samples,
                             size_t count);

/* Answers on_data_transfer: EVCP_ACCEPTED, EVCP_REJECTED, EVCP_UNKNOWN_VENDOR or
 * EVCP_UNKNOWN_MESSAGE, and data, which may be NULL. Errors as evcp_answer(). */
EVCP_API
evcp_err_t evcp_answer_data(evcp_t *cp,
                            evcp_req_t req,
                            evcp_answer_t result,
                            const char *data,
                            size_t len);

/* ---- What is the case -------------------------------------------------------------------- */

/* What a connector may draw now: the same as on_supply told or will tell. A fault, a stop or
 * evcp_power_fails() shows here as soon as that call returned, however busy the library is. After a
 * failure inside the library this still works, and permits nothing; nor does it while the host does not
 * dispatch, with "host.watchdog_s". */
EVCP_API
evcp_err_t evcp_get_supply(const evcp_t *cp,
                           uint32_t connector,
                           evcp_supply_t *out);

/* What a connector (0: the whole charge point, from the grid) may draw from now on for duration_s
 * seconds, as far as is known now: OCPP's composite schedule, in EVCP_AMPS or EVCP_WATTS. An idle
 * connector is answered as if a transaction began now. period_size: sizeof(evcp_period_t). *count: room
 * in periods in, number of them out; EVCP_E_BUFFER stores the number that is needed. covered_s (may be
 * NULL) gets, with EVCP_OK, how many seconds from now on the periods cover: duration_s, or less if the
 * schedule was cut, after ChargingScheduleMaxPeriods or too much work. What may be drawn after that is
 * not known: ask again by then. Worked out on the thread that calls, from a copy: it waits for nobody. */
EVCP_API
evcp_err_t evcp_get_schedule(const evcp_t *cp,
                             uint32_t connector,
                             uint32_t duration_s,
                             uint32_t unit,
                             evcp_period_t *periods,
                             size_t period_size,
                             size_t *count,
                             uint32_t *covered_s);

/* The transaction that runs at a connector; 0 if none does. */
EVCP_API evcp_err_t evcp_get_tx(const evcp_t *cp, uint32_t connector, evcp_tx_t *out);

/* The status of a connector (0: the charge point): EVCP_STATUS_*. */
EVCP_API evcp_err_t evcp_get_status(const evcp_t *cp, uint32_t connector, uint32_t *out);

/* The value of a configuration key. *len: room for value in, length without the NUL out;
 * EVCP_E_BUFFER stores the length that is needed. EVCP_E_UNSUPPORTED for a key that there is not,
 * or that may not be read. */
EVCP_API evcp_err_t evcp_get_key(const evcp_t *cp, const char *key, char *value, size_t *len);

/* Copies the statistics out. */
EVCP_API evcp_err_t evcp_get_stats(const evcp_t *cp, evcp_stats_t *out);

/* The link to the central system, as on_connection told it last or will tell it: EVCP_DISCONNECTED before the
 * start. The detail is written to text: *len: room in text in, what it takes out; EVCP_E_BUFFER stores what is
 * needed. Like all questions here it waits for nobody. */
EVCP_API
evcp_err_t evcp_get_link(const evcp_t *cp,
                         evcp_connection_info_t *out,
                         char *text,
                         size_t *len);

/* The last answer to BootNotification since the start, as on_boot told it or will tell it: returns 1, and 0 when
 * there was none yet. */
EVCP_API
evcp_err_t evcp_get_registration(const evcp_t *cp,
                                 evcp_boot_info_t *out);

/* All that is known of the transaction that runs at a connector, as on_tx told it last or will tell it: returns
 * 1, and 0 when none runs. text and len as in evcp_get_undelivered(). */
EVCP_API
evcp_err_t evcp_get_tx_info(const evcp_t *cp,
                            uint32_t connector,
                            evcp_tx_info_t *out,
                            char *text,
                            size_t *len);

/* The next of the faults and warnings of a connector (0: the charge point), those that the library found
 * itself too: after is 0 at first, then the number of the last one. Returns 1, and 0 when there are no more.
 * Faults come first, then warnings. One that was just told shows when the library has dealt with it, before on_status
 * tells of it. info and vendor_code are written to text, with len as in evcp_get_undelivered(); 512 is always enough. */
EVCP_API
evcp_err_t evcp_get_fault(const evcp_t *cp,
                          uint32_t connector,
                          uint32_t after,
                          evcp_fault_info_t *out,
                          char *text,
                          size_t *len);

/* The configuration key that follows the one that is named in the list of all: those of OCPP in the order of the
 * standard, then the firmware's own. NULL for the first, then the key of the last one. Returns 1, and 0 when there
 * are no more. EVCP_E_UNSUPPORTED for a key that there is not. Its name and its value are written to text, with len
 * as in evcp_get_undelivered(); 2304 is always enough. after may be in text. */
EVCP_API
evcp_err_t evcp_get_key_info(const evcp_t *cp,
                             const char *after,
                             evcp_key_info_t *out,
                             char *text,
                             size_t *len);

/* What is going on, and whether a restart now costs anybody anything, as of what the library has dealt with: it
 * never waits. What was presented a moment ago may not be in it; with evcp_set_draining(), once draining is
 * set, nothing comes after it. Without a storage directory all that there is would be lost. */
EVCP_API
evcp_err_t evcp_get_restart(const evcp_t *cp,
                            evcp_restart_info_t *out);

/* Whether nothing new is to begin (false at the start), before an update or a shutdown: transactions go on to
 * their own end, tags and remote starts are refused (EVCP_WHY_DRAINING), also those that were accepted and
 * whose transaction has not begun, and connectors that serve nobody are Unavailable. on_drained tells when no
 * session is left. false: everything as before. After a restart the charger serves again by itself. */
EVCP_API
evcp_err_t evcp_set_draining(evcp_t *cp,
                             bool draining);

/* ---- Transactions that were given up ----------------------------------------------------- */

/* The first transaction with a number above after that is kept as undelivered: the central system refused its
 * StartTransaction or its StopTransaction to the end (EVCP_TX_GIVEN_UP). Begin with 0, and go on with the tx of
 * the last one: returns 1, and 0 when there are no more. They survive restarts, so look for them after
 * evcp_new(); "tx.keep_undelivered" (200) of them are kept. The tag and the id are written to text:
 * *len: room in text in, what they take out; EVCP_E_BUFFER stores what is needed; 128 is always enough. */
EVCP_API
evcp_err_t evcp_get_undelivered(const evcp_t *cp,
                                evcp_tx_t after,
                                evcp_tx_info_t *out,
                                char *text,
                                size_t *len);

/* Delivers an undelivered transaction again: it goes to the end of the queue, and each of its messages is sent
 * once; then on_tx tells EVCP_TX_DELIVERED, or EVCP_TX_GIVEN_UP again. To be called when the central system
 * works again; "tx.redeliver_s" does so by itself from time to time. EVCP_E_INVALID if it is not undelivered. */
EVCP_API
evcp_err_t evcp_deliver_tx(evcp_t *cp,
                           evcp_tx_t tx);

/* Forgets an undelivered transaction: its bill was written by hand. EVCP_E_INVALID if it is not undelivered. */
EVCP_API
evcp_err_t evcp_forget_tx(evcp_t *cp,
                          evcp_tx_t tx);

/* ---- Charging profiles ------------------------------------------------------------------- */

/* Installs a charging profile of the charger's own at a connector (0: the charge point), such as an off-peak default
 * or what the owner asks for in an app. json: a ChargingProfile of OCPP 1.6 (§7.8), read as strictly as those in a
 * SetChargingProfile, 65536 bytes at most. One of the charger's own with its chargingProfileId, or its purpose and
 * stackLevel, there is replaced. It is valid and stacked as those of the central system are, of which one with the same
 * purpose and stackLevel prevails while it says something; a higher stackLevel prevails, whosever it is: 0 lets the central
 * system overrule it. A TxProfile is for the transaction that runs at the connector, and ends with it. All are kept over
 * a restart. The central system sees them in composite schedules, and can neither list nor clear them. EVCP_E_INVALID
 * says what is wrong with it, or that there is no transaction, or that 16 are installed. The supply follows in on_supply. */
EVCP_API
evcp_err_t evcp_install_profile(evcp_t *cp,
                                uint32_t connector,
                                const char *json);

/* Removes the charging profile of the charger's own with that chargingProfileId at a connector (0: the charge point).
 * EVCP_E_INVALID if there is none; those of the central system are its own to clear. */
EVCP_API
evcp_err_t evcp_clear_profile(evcp_t *cp,
                              uint32_t connector,
                              int32_t id);

/* Removes all charging profiles of the charger's own, if there are any. */
EVCP_API evcp_err_t evcp_clear_profiles(evcp_t *cp);

/* The charging profile that follows that number in the list of all that are installed, those of the central system, then
 * the charger's own, each by connectors and ids. Begin with 0, and go on with the number of the last one: returns 1, and 0
 * when there are no more. What was just installed or cleared shows when the library has dealt with it. Its JSON is
 * written to text, with len as in evcp_get_undelivered(); one of 24 periods takes 2 kB. */
EVCP_API
evcp_err_t evcp_get_profile(const evcp_t *cp,
                            uint64_t after,
                            evcp_profile_info_t *out,
                            char *text,
                            size_t *len);

/* ---- Names of constants ------------------------------------------------------------------ */

/* The name of one of EVCP_STATUS_*, in the words of OCPP, such as "SuspendedEV". Each of these: static, never NULL; "unknown" for a number
 * that is none. */
EVCP_API
const char *evcp_status_name(uint32_t status);

/* The name of one of EVCP_REASON_*, in the words of OCPP, such as "EVDisconnected"; "none" for EVCP_REASON_NONE. */
EVCP_API
const char *evcp_reason_name(uint32_t reason);

/* The name of one of EVCP_ERROR_*, in the words of OCPP, such as "GroundFailure". */
EVCP_API const char *evcp_error_code_name(uint32_t code);

/* The name of one of EVCP_AUTH_*, in the words of OCPP, such as "Blocked". */
EVCP_API const char *evcp_auth_name(uint32_t status);

/* The name of one of EVCP_BY_*, such as "reader". */
EVCP_API const char *evcp_by_name(uint32_t by);

/* The name of one of EVCP_FOR_*, such as "unlock". */
EVCP_API const char *evcp_for_name(uint32_t purpose);

/* The name of one of EVCP_WHY_*, such as "no free connector"; "none" for EVCP_WHY_NONE. */
EVCP_API const char *evcp_why_name(uint32_t why);

/* The name of one of EVCP_BOOT_*, in the words of OCPP, such as "Pending". */
EVCP_API const char *evcp_boot_name(uint32_t status);

/* The name of one of EVCP_READ_*, in the words of OCPP, such as "Sample.Periodic". */
EVCP_API const char *evcp_read_name(uint32_t context);

/* The name of one of EVCP_EV_*, such as "plugged". */
EVCP_API const char *evcp_ev_name(uint32_t ev);

/* The name of one of EVCP_TX_*, such as "started". */
EVCP_API const char *evcp_tx_change_name(uint32_t change);

/* The name of one of EVCP_DISCONNECTED and so on, such as "connected". */
EVCP_API const char *evcp_connection_name(uint32_t state);

/* The name of one of EVCP_RESTART_*, such as "session". */
EVCP_API const char *evcp_restart_name(uint32_t verdict);

/* The name of one of EVCP_STORAGE_*, such as "fails". */
EVCP_API const char *evcp_storage_name(uint32_t state);

/* ---- Log (one per process) --------------------------------------------------------------- */

/* Sends log lines up to max_level (EVCP_LOG_*) to a function; NULL stops that. When this returns,
 * no call of the former function is running any more, so what user_data points to may go. A line is
 * cut after 1024 bytes, and of each level there are 200 a second at most: the next second begins with
 * how many were left out. Frames (target evcp::frame, at EVCP_LOG_TRACE) are told all, and whole:
 * "IDENTITY < FRAME" for one that came, "IDENTITY > FRAME" for one that is sent.
 * EVCP_E_DEADLOCK inside a log function, EVCP_E_INVALID for a level that there is not. */
EVCP_API
evcp_err_t evcp_set_log(uint32_t max_level,
                        evcp_log_fn log,
                        void *user_data);

/* Initialisers for the structs that grow. */
#ifdef __cplusplus
#define EVCP_CALLBACKS_INIT ([] { evcp_callbacks_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_SUPPLY_INIT ([] { evcp_supply_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_STATS_INIT ([] { evcp_stats_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_RESTART_INFO_INIT ([] { evcp_restart_info_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_TX_INFO_INIT ([] { evcp_tx_info_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_CONNECTION_INFO_INIT ([] { evcp_connection_info_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_BOOT_INFO_INIT ([] { evcp_boot_info_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_FAULT_INFO_INIT ([] { evcp_fault_info_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_KEY_INFO_INIT ([] { evcp_key_info_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_NETWORK_PROFILE_INIT ([] { evcp_network_profile_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_KEY_DECL_INIT ([] { evcp_key_decl_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_PROFILE_INFO_INIT ([] { evcp_profile_info_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_LIMIT_INIT ([] { evcp_limit_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#define EVCP_LOCAL_LIMIT_INIT ([] { evcp_local_limit_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#else
#define EVCP_CALLBACKS_INIT { .struct_size = sizeof(evcp_callbacks_t) }
#define EVCP_SUPPLY_INIT { .struct_size = sizeof(evcp_supply_t) }
#define EVCP_STATS_INIT { .struct_size = sizeof(evcp_stats_t) }
#define EVCP_RESTART_INFO_INIT { .struct_size = sizeof(evcp_restart_info_t) }
#define EVCP_TX_INFO_INIT { .struct_size = sizeof(evcp_tx_info_t) }
#define EVCP_CONNECTION_INFO_INIT { .struct_size = sizeof(evcp_connection_info_t) }
#define EVCP_BOOT_INFO_INIT { .struct_size = sizeof(evcp_boot_info_t) }
#define EVCP_FAULT_INFO_INIT { .struct_size = sizeof(evcp_fault_info_t) }
#define EVCP_KEY_INFO_INIT { .struct_size = sizeof(evcp_key_info_t) }
#define EVCP_NETWORK_PROFILE_INIT { .struct_size = sizeof(evcp_network_profile_t) }
#define EVCP_KEY_DECL_INIT { .struct_size = sizeof(evcp_key_decl_t) }
#define EVCP_PROFILE_INFO_INIT { .struct_size = sizeof(evcp_profile_info_t) }
#define EVCP_LIMIT_INIT { .struct_size = sizeof(evcp_limit_t) }
#define EVCP_LOCAL_LIMIT_INIT { .struct_size = sizeof(evcp_local_limit_t) }
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* EVCP_H */
