// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// evcp.hpp - an OCPP 1.6-J charge point in a library, for C++14 and newer
//
// Header only: it needs evcp.h beside it or on the include path, and the library to link with.
//
// ERRORS     A function that can fail takes an `error_to` last. Left out, the function throws
//            `evcp::error`; with a std::error_code there, as the last of all arguments, it stores
//            the code and throws nothing of its own (memory may still run out):
//                cp.present_tag(1, "CAFE01");            // throws
//                cp.present_tag(1, "CAFE01", code);      // does not; ask `if (code)`
//            What exactly went wrong is in error::what(), or in last_error() on the same thread.
// HANDLERS   run only inside charge_point::dispatch(), one at a time, on the thread that calls it.
//            They may call everything here; dispatch() and stop() refuse with errc::deadlock. They
//            may destroy the charge point: no other handler follows, and all of them are deleted
//            when the last one has returned. Two kinds of end come from the destructor instead: of
//            handlers, and of vendor data that is still under way.
// EXCEPTIONS that leave a handler never reach the library. They go to handlers::on_exception; if
//            there is none, or it throws itself, dispatch() throws the first of them when all
//            handlers that wait have run. Only out of the destructor nothing is thrown. No handler
//            may be left by longjmp or pthread_exit.
// THREADS    Everything may be called from any thread, but objects are as usual: nobody may use one
//            while another thread moves, assigns or destroys it, and a config, a reply and an error
//            are for one thread at a time. Replies of a charge point need no care of its end.
// TEXT       is UTF-8 in std::string. Where something may be left out, an empty text leaves it out.
//            Text with a NUL inside is errc::invalid, as text that is not UTF-8.
// GROWTH     Values of the enums may come that are not named here: treat them as "other".
// CONNECTORS are numbered from 1; 0 is the charge point as a whole, where that makes sense.
#ifndef EVCP_HPP
#define EVCP_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "evcp.h"

namespace evcp {

// ---- Errors and version -------------------------------------------------------------------------

/// What can go wrong; the numbers of evcp.h. Compares with a std::error_code.
enum class errc : int {
    ok = EVCP_OK,                        ///< Done.
    invalid = EVCP_E_INVALID,            ///< An argument is out of range, not UTF-8 or too long.
    state = EVCP_E_STATE,                ///< Not possible now.
    unsupported = EVCP_E_UNSUPPORTED,    ///< A name that this library does not know.
    buffer = EVCP_E_BUFFER,              ///< Never seen here: buffers grow by themselves.
    expired = EVCP_E_EXPIRED,            ///< The question was answered before, or its time is over.
    offline = EVCP_E_OFFLINE,            ///< Needs a connection, and there is none.
    deadlock = EVCP_E_DEADLOCK,          ///< Would wait for the thread that calls.
    closed = EVCP_E_CLOSED,              ///< The charge point is gone or has been stopped.
    io = EVCP_E_IO,                      ///< Storage or sockets failed.
    full = EVCP_E_FULL,                  ///< Too much is waiting: dispatch, and try again.
    panic = EVCP_E_PANIC                 ///< A bug of the library: supply nothing, and end it.
};

/// The category of errc, with the texts of evcp_strerror(). Any thread.
inline const std::error_category& category() noexcept
{
    struct texts final : std::error_category {
        const char* name() const noexcept override { return "evcp"; }
        std::string message(int value) const override { return evcp_strerror(value); }
    };
    static const texts one;
    return one;
}

/// Makes a std::error_code of an errc.
inline std::error_code make_error_code(errc value) noexcept
{
    return {static_cast<int>(value), category()};
}

/// What exactly went wrong in the last call on this thread that failed. Any thread.
inline std::string last_error() { return evcp_last_error(); }

/// The version of the library that runs, such as "0.1.0". Any thread.
inline std::string version() { return evcp_version(); }

/// The version of the library that runs: major << 16 | minor << 8 | patch. Any thread.
inline std::uint32_t version_number() noexcept { return evcp_version_number(); }

/// A function failed: code() says how (compare with errc), what() says what exactly.
class error : public std::system_error {
public:
    /// `result` is one of the negative numbers of evcp.h, `detail` what exactly went wrong.
    error(evcp_err_t result, const std::string& detail)
        : std::system_error(result, category(), detail)
    {
    }
};

/// Where the error of a function goes: thrown, or into a std::error_code, which is cleared when all
/// went well. Made by itself from either; nobody needs to name it.
class error_to {
public:
    /// Errors are thrown, as evcp::error.
    error_to() noexcept = default;
    /// Errors are stored in `code`, which lives longer than the call.
    error_to(std::error_code& code) noexcept : code_(&code) {}

    /// Reports what a function of evcp.h returned, and returns it: negative is an error. `detail`
    /// takes the place of last_error().
    evcp_err_t operator()(evcp_err_t result, const char* detail = nullptr) const
    {
        const evcp_err_t bad = (std::min)(result, evcp_err_t{EVCP_OK});
        if (code_ != nullptr)
            *code_ = std::error_code(bad, category());
        else if (bad != EVCP_OK)
            throw error(bad, detail != nullptr ? detail : evcp_last_error());
        return result;
    }

private:
    std::error_code* code_ = nullptr;
};

// ---- Values -------------------------------------------------------------------------------------

/// What the control pilot (IEC 61851) and the socket say of the vehicle.
enum class ev : std::uint32_t {
    absent = EVCP_EV_ABSENT,          ///< A: nothing is plugged in.
    plugged = EVCP_EV_PLUGGED,        ///< B: plugged in, asks for no energy.
    charging = EVCP_EV_CHARGING,      ///< C or D: asks for energy, or takes it.
    suspended = EVCP_EV_SUSPENDED,    ///< Energy is on offer, and the vehicle takes none.
    cable = EVCP_EV_CABLE             ///< A cable is in the socket, and no vehicle at its end.
};

/// What a value of a meter measures, and its unit.
enum class measurand : std::uint16_t {
    energy_import = EVCP_M_ENERGY_IMPORT,    ///< Register, Wh: the one that every charger must have.
    power_import = EVCP_M_POWER_IMPORT,          ///< W
    current_import = EVCP_M_CURRENT_IMPORT,      ///< A
    voltage = EVCP_M_VOLTAGE,                    ///< V
    soc = EVCP_M_SOC,                            ///< State of charge of the vehicle, %
    power_offered = EVCP_M_POWER_OFFERED,        ///< W that the vehicle may take
    current_offered = EVCP_M_CURRENT_OFFERED,    ///< A that the vehicle may take
    temperature = EVCP_M_TEMPERATURE,            ///< Degrees Celsius
    frequency = EVCP_M_FREQUENCY,                ///< Hz
    energy_export = EVCP_M_ENERGY_EXPORT,        ///< Register, Wh
    power_export = EVCP_M_POWER_EXPORT,          ///< W
    current_export = EVCP_M_CURRENT_EXPORT,      ///< A
    reactive_power_import = EVCP_M_REACTIVE_POWER_IMPORT,      ///< var
    reactive_power_export = EVCP_M_REACTIVE_POWER_EXPORT,      ///< var
    reactive_energy_import = EVCP_M_REACTIVE_ENERGY_IMPORT,    ///< Register, varh
    reactive_energy_export = EVCP_M_REACTIVE_ENERGY_EXPORT,    ///< Register, varh
    energy_import_interval = EVCP_M_ENERGY_IMPORT_INTERVAL,    ///< Wh in this interval
    energy_export_interval = EVCP_M_ENERGY_EXPORT_INTERVAL,    ///< Wh in this interval
    reactive_energy_import_interval = EVCP_M_REACTIVE_ENERGY_IMPORT_INTERVAL,    ///< varh in it
    reactive_energy_export_interval = EVCP_M_REACTIVE_ENERGY_EXPORT_INTERVAL,    ///< varh in it
    power_factor = EVCP_M_POWER_FACTOR,                        ///< Power factor
    rpm = EVCP_M_RPM                                           ///< Fan speed, 1/min
};

/// The phase of a value of a meter.
enum class phase : std::uint8_t {
    none = EVCP_PHASE_NONE,      ///< All together, or there is only one.
    l1 = EVCP_PHASE_L1,          ///< L1
    l2 = EVCP_PHASE_L2,          ///< L2
    l3 = EVCP_PHASE_L3,          ///< L3
    n = EVCP_PHASE_N,            ///< Neutral
    l1_n = EVCP_PHASE_L1_N,      ///< L1 to neutral
    l2_n = EVCP_PHASE_L2_N,      ///< L2 to neutral
    l3_n = EVCP_PHASE_L3_N,      ///< L3 to neutral
    l1_l2 = EVCP_PHASE_L1_L2,    ///< L1 to L2
    l2_l3 = EVCP_PHASE_L2_L3,    ///< L2 to L3
    l3_l1 = EVCP_PHASE_L3_L1     ///< L3 to L1
};

/// Where a value of a meter is measured.
enum class location : std::uint8_t {
    usual = EVCP_AT_DEFAULT,    ///< The outlet, or the vehicle for measurand::soc.
    cable = EVCP_AT_CABLE,      ///< In the cable.
    ev = EVCP_AT_EV,            ///< In the vehicle.
    inlet = EVCP_AT_INLET,      ///< At the grid connection.
    outlet = EVCP_AT_OUTLET,    ///< At the outlet.
    body = EVCP_AT_BODY         ///< In the body of the charger.
};

/// The unit of a schedule.
enum class unit : std::uint32_t {
    amps = EVCP_AMPS,     ///< A per phase
    watts = EVCP_WATTS    ///< W over all phases
};

/// A step in the life of a transaction.
enum class tx_change : std::uint32_t {
    started = EVCP_TX_STARTED,              ///< It began; energy is permitted from now on.
    resumed = EVCP_TX_RESUMED,              ///< It goes on after a restart.
    confirmed = EVCP_TX_CONFIRMED,          ///< The central system gave it an id.
    deauthorized = EVCP_TX_DEAUTHORIZED,    ///< The central system does not accept the tag after all.
    stopped = EVCP_TX_STOPPED,              ///< It ended.
    given_up = EVCP_TX_GIVEN_UP,            ///< The central system refused it to the end: it is kept as undelivered.
    delivered = EVCP_TX_DELIVERED,          ///< One that was given up has been delivered after all.
    unanswered = EVCP_TX_UNANSWERED         ///< The central system does not answer a message of it.
};

/// The link to the central system.
enum class link_state : std::uint32_t {
    disconnected = EVCP_DISCONNECTED,        ///< There is no connection.
    connect_failed = EVCP_CONNECT_FAILED,    ///< An attempt failed; the next follows by itself.
    connected = EVCP_CONNECTED               ///< The WebSocket stands.
};

/// What the central system said to BootNotification.
enum class boot_status : std::uint32_t {
    accepted = EVCP_BOOT_ACCEPTED,    ///< The charge point is in operation.
    pending = EVCP_BOOT_PENDING,      ///< It is to be configured first.
    rejected = EVCP_BOOT_REJECTED     ///< It is not wanted now.
};

/// What became of a tag.
enum class auth_status : std::uint32_t {
    accepted = EVCP_AUTH_ACCEPTED,              ///< It may charge, or it stopped its transaction.
    blocked = EVCP_AUTH_BLOCKED,                ///< It is blocked.
    expired = EVCP_AUTH_EXPIRED,                ///< It has expired.
    invalid = EVCP_AUTH_INVALID,                ///< Nobody knows it, nobody could be asked, or it is off.
    concurrent_tx = EVCP_AUTH_CONCURRENT_TX     ///< It charges elsewhere, or nothing can begin here.
};

/// Who brought a tag.
enum class brought_by : std::uint32_t {
    reader = EVCP_BY_READER,                    ///< Somebody showed it at a reader.
    central_system = EVCP_BY_CENTRAL_SYSTEM,    ///< A remote start.
    charger = EVCP_BY_CHARGER,                  ///< start_tx().
    free_charging = EVCP_BY_FREE_CHARGING       ///< Nobody: the key FreeCharging is set.
};

/// What a tag does, or was to do.
enum class tag_purpose : std::uint32_t {
    start = EVCP_FOR_START,            ///< Start a transaction.
    stop = EVCP_FOR_STOP,              ///< Stop one: its own, or that of its group.
    unlock = EVCP_FOR_UNLOCK,          ///< Get a cable out that is kept for it, or for its group.
    take_back = EVCP_FOR_TAKE_BACK     ///< Take back its permission, before anything was plugged in.
};

/// What keeps a tag from what it was to do, where auth_status does not say it all; more in evcp.h.
enum class refusal : std::uint32_t {
    none = EVCP_WHY_NONE,                                      ///< The status says it all.
    out_of_service = EVCP_WHY_OUT_OF_SERVICE,                  ///< Taken out of service.
    faulted = EVCP_WHY_FAULTED,                                ///< There is a fault.
    not_registered = EVCP_WHY_NOT_REGISTERED,                  ///< Never accepted by the central system.
    restarting = EVCP_WHY_RESTARTING,                          ///< A reset, or a stop, is under way.
    offline_unknown = EVCP_WHY_OFFLINE_UNKNOWN,                ///< No connection, and not known here.
    central_system_silent = EVCP_WHY_CENTRAL_SYSTEM_SILENT,    ///< No answer that says.
    too_many = EVCP_WHY_TOO_MANY,                              ///< It was not asked about: show it again.
    no_free_connector = EVCP_WHY_NO_FREE_CONNECTOR,            ///< None of the connectors is free.
    other_tag_charges = EVCP_WHY_OTHER_TAG_CHARGES,            ///< Another tag charges here.
    cable_kept = EVCP_WHY_CABLE_KEPT,                          ///< The cable is kept for another tag.
    cancelled = EVCP_WHY_CANCELLED,                            ///< A stop or an unlock came first.
    free_charging = EVCP_WHY_FREE_CHARGING,                    ///< The vehicle here needs no tag.
    draining = EVCP_WHY_DRAINING                               ///< An update or a shutdown: set_draining().
};

/// What a restart now would cost, the worst of it.
enum class restart_verdict : std::uint32_t {
    free = EVCP_RESTART_FREE,          ///< It costs nobody anything.
    waiting = EVCP_RESTART_WAITING,    ///< Somebody would have to show the tag again.
    session = EVCP_RESTART_SESSION,    ///< A transaction would be interrupted.
    data = EVCP_RESTART_DATA           ///< What is in memory alone would be lost.
};

/// OCPP's status of a connector.
enum class connector_status : std::uint32_t {
    available = EVCP_STATUS_AVAILABLE,              ///< Available
    preparing = EVCP_STATUS_PREPARING,              ///< Preparing
    charging = EVCP_STATUS_CHARGING,                ///< Charging
    suspended_evse = EVCP_STATUS_SUSPENDED_EVSE,    ///< SuspendedEVSE
    suspended_ev = EVCP_STATUS_SUSPENDED_EV,        ///< SuspendedEV
    finishing = EVCP_STATUS_FINISHING,              ///< Finishing
    reserved = EVCP_STATUS_RESERVED,                ///< Reserved
    unavailable = EVCP_STATUS_UNAVAILABLE,          ///< Unavailable
    faulted = EVCP_STATUS_FAULTED                   ///< Faulted
};

/// Why a transaction ended, as OCPP has it.
enum class stop_reason : std::uint32_t {
    none = EVCP_REASON_NONE,    ///< None: it runs.
    local = EVCP_REASON_LOCAL,    ///< Somebody at the charger stopped it.
    remote = EVCP_REASON_REMOTE,    ///< The central system asked for it.
    ev_disconnected = EVCP_REASON_EV_DISCONNECTED,    ///< The vehicle was unplugged.
    emergency_stop = EVCP_REASON_EMERGENCY_STOP,    ///< Somebody pressed the emergency stop.
    de_authorized = EVCP_REASON_DE_AUTHORIZED,    ///< The central system did not accept the tag after all.
    unlock_command = EVCP_REASON_UNLOCK_COMMAND,    ///< The central system had the connector unlocked.
    power_loss = EVCP_REASON_POWER_LOSS,    ///< There was no power any more.
    reboot = EVCP_REASON_REBOOT,    ///< The charge point restarted, and nobody asked it to.
    hard_reset = EVCP_REASON_HARD_RESET,    ///< A hard reset.
    soft_reset = EVCP_REASON_SOFT_RESET,    ///< A soft reset.
    other = EVCP_REASON_OTHER    ///< Anything else.
};

/// What is wrong, as OCPP has it.
enum class fault_code : std::uint32_t {
    no_error = EVCP_ERROR_NO_ERROR,    ///< Nothing is wrong.
    connector_lock_failure = EVCP_ERROR_CONNECTOR_LOCK_FAILURE,    ///< The lock of the connector does not close or open.
    ev_communication_error = EVCP_ERROR_EV_COMMUNICATION_ERROR,    ///< The vehicle does not talk as it should.
    ground_failure = EVCP_ERROR_GROUND_FAILURE,    ///< The residual current device has tripped.
    high_temperature = EVCP_ERROR_HIGH_TEMPERATURE,    ///< It is too hot inside.
    internal_error = EVCP_ERROR_INTERNAL_ERROR,    ///< An error of hardware or software inside.
    local_list_conflict = EVCP_ERROR_LOCAL_LIST_CONFLICT,    ///< The list of tags is not that of the central system.
    other_error = EVCP_ERROR_OTHER_ERROR,    ///< Anything else: see vendor_code.
    over_current_failure = EVCP_ERROR_OVER_CURRENT_FAILURE,    ///< Too much current.
    over_voltage = EVCP_ERROR_OVER_VOLTAGE,    ///< Too much voltage.
    power_meter_failure = EVCP_ERROR_POWER_METER_FAILURE,    ///< The meter cannot be read.
    power_switch_failure = EVCP_ERROR_POWER_SWITCH_FAILURE,    ///< The contactor does not close or open.
    reader_failure = EVCP_ERROR_READER_FAILURE,    ///< The reader of tags does not work.
    reset_failure = EVCP_ERROR_RESET_FAILURE,    ///< A reset was not possible.
    under_voltage = EVCP_ERROR_UNDER_VOLTAGE,    ///< Too little voltage.
    weak_signal = EVCP_ERROR_WEAK_SIGNAL    ///< The radio link is weak.
};

/// How the storage does.
enum class storage_state : std::uint32_t {
    works = EVCP_STORAGE_WORKS,      ///< What could not be written before is written.
    fails = EVCP_STORAGE_FAILS,      ///< It fails: what happens is kept in memory only.
    damaged = EVCP_STORAGE_DAMAGED   ///< It works, but some of it was lost, or salvaged.
};

/// What a meter is read for.
enum class reading : std::uint32_t {
    begin = EVCP_READ_BEGIN,        ///< The beginning of a transaction.
    sample = EVCP_READ_SAMPLE,      ///< A periodic sample.
    end = EVCP_READ_END,            ///< The end of a transaction.
    trigger = EVCP_READ_TRIGGER,    ///< The central system asks.
    clock = EVCP_READ_CLOCK         ///< A sample at an instant of the wall clock.
};

/// What the other side made of vendor data.
enum class data_status : std::uint32_t {
    accepted = EVCP_ACCEPTED,                  ///< Yes, or it was done.
    rejected = EVCP_REJECTED,                  ///< No.
    unknown_vendor = EVCP_UNKNOWN_VENDOR,      ///< A vendor that nobody there knows.
    unknown_message = EVCP_UNKNOWN_MESSAGE     ///< The vendor is known, the message is not.
};

/// How much is logged; each level includes those before it.
enum class log_level : std::uint32_t {
    error = EVCP_LOG_ERROR,    ///< Errors only.
    warn = EVCP_LOG_WARN,      ///< And what somebody should look at.
    info = EVCP_LOG_INFO,      ///< And what happens.
    debug = EVCP_LOG_DEBUG,    ///< And why.
    trace = EVCP_LOG_TRACE     ///< And every frame, with tags: not for a log that others read.
};

/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(connector_status value) noexcept { return evcp_status_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(stop_reason value) noexcept { return evcp_reason_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(fault_code value) noexcept { return evcp_error_code_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(auth_status value) noexcept { return evcp_auth_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(brought_by value) noexcept { return evcp_by_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(tag_purpose value) noexcept { return evcp_for_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(refusal value) noexcept { return evcp_why_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(restart_verdict value) noexcept { return evcp_restart_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(boot_status value) noexcept { return evcp_boot_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(reading value) noexcept { return evcp_read_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(ev value) noexcept { return evcp_ev_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(tx_change value) noexcept { return evcp_tx_change_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(link_state value) noexcept { return evcp_connection_name(static_cast<std::uint32_t>(value)); }
/// Its name, in the words of OCPP where it has one; "unknown" for a value that is none.
inline const char* name(storage_state value) noexcept { return evcp_storage_name(static_cast<std::uint32_t>(value)); }

/// The whole command for one connector; its fields, with units, are in evcp.h.
using supply = evcp_supply_t;
/// A piece of a schedule; its fields, with units, are in evcp.h.
using period = evcp_period_t;
/// How much happened since the start; its fields are in evcp.h.
using stats = evcp_stats_t;
/// What is going on, and what a restart now would cost (restart_verdict); its fields are in evcp.h.
using restart_info = evcp_restart_info_t;
/// A transaction, by the charge point's own number; survives a restart; 0 is none.
using tx_id = evcp_tx_t;

/// One value of a meter; make it with sample().
using meter_value = evcp_sample_t;

/// Makes a value of a meter, in the unit that stands at its measurand: finite, exact to a thousandth.
inline meter_value sample(double value, measurand what = measurand::energy_import,
                          phase which = phase::none, location where = location::usual) noexcept
{
    meter_value made{};
    made.value = value;
    made.measurand = static_cast<std::uint16_t>(what);
    made.phase = static_cast<std::uint8_t>(which);
    made.location = static_cast<std::uint8_t>(where);
    return made;
}

/// A transaction, at a step of its life.
struct transaction {
    tx_change change;                                 ///< The step.
    std::uint32_t connector;                          ///< Where; 1 and up.
    tx_id tx;                                         ///< The charge point's number for it.
    bool ocpp_id_known;                               ///< Whether the central system gave it an id.
    std::int64_t ocpp_id;                             ///< The central system's id; 0 while not known.
    std::string ocpp_id_text;                         ///< The same as text; empty while not known.
    std::chrono::system_clock::time_point started;    ///< When it began.
    std::chrono::system_clock::time_point stopped;    ///< When it ended; 1970 while it runs.
    double meter_start_wh;                            ///< The register when it began, Wh.
    double meter_stop_wh;                             ///< When it ended, Wh; 0 while it runs.
    std::string tag;                                  ///< The tag that started it.
    stop_reason reason;                               ///< Why it ended; none while it runs.
};

/// What became of a tag.
struct auth_info {
    std::uint32_t connector;    ///< Where it does what it was to do; 0 if it was refused.
    std::uint32_t reader;       ///< Where it was shown or meant for; 0: several connectors, or anywhere.
    brought_by by;              ///< Who brought it.
    tag_purpose purpose;        ///< What it does, or was to do.
    auth_status status;         ///< The outcome.
    refusal why;                ///< What the outcome does not say.
    std::string tag;            ///< The tag.
};

/// Somebody who was waited for, until ConnectionTimeOut was over.
struct timeout_info {
    std::uint32_t connector;    ///< Where a vehicle was waited for.
    std::uint32_t reader;       ///< As in auth_info; 0: a plug at another connector would have done, too.
    brought_by by;              ///< By whom the tag may charge.
    std::string tag;            ///< The tag.
};

/// The status of a connector, and what is wrong with it.
struct status_info {
    std::uint32_t connector;     ///< Where; 0: the charge point.
    connector_status status;     ///< Its status.
    fault_code code;             ///< What is wrong.
    std::string info;            ///< What set_fault() or set_warning() said of it, or empty.
    std::string vendor_code;     ///< The vendor's own code, from there as well, or empty.
};

/// The answer to BootNotification.
struct boot_info {
    boot_status status;               ///< The answer.
    std::chrono::seconds interval;    ///< Between heartbeats, or until the next attempt; 0: it named none.
    /// The time at the central system; 1970: it named none that can be read.
    std::chrono::system_clock::time_point time;
};

/// The link to the central system.
struct connection_info {
    link_state state;      ///< How it is now.
    std::string detail;    ///< Why, in words for people.
    std::uint32_t slot;    ///< By which network profile, 1 to 4.
};

/// A way to a central system; what is empty is not there. evcp_network_profile_t says more of each.
struct network_profile {
    std::string url;                            ///< Where the central system is.
    std::string identity;                       ///< The name of the charge point there.
    std::uint32_t security_profile = 0;         ///< 0 to 3.
    std::string auth_key;                       ///< The password of profiles 1 and 2, 16 to 20 bytes.
    std::string ca_pem;                         ///< The roots that are trusted.
    std::string client_chain_pem;               ///< The own certificate, for profile 3.
    std::string client_key_pem;                 ///< The key to it.
    std::string interface_name;                 ///< The network interface that connections leave by.
    std::string source_address;                 ///< The address that they leave from.
    std::string proxy;                          ///< "http://[user:password@]host:port"
    std::chrono::seconds connect_timeout{0};    ///< How long an attempt may take; 0: 30 s.
};

/// A configuration key.
struct key_info {
    std::string key;         ///< Its name.
    std::string value;       ///< Its value now, or what it is to be; empty for a secret, which may not be read.
    bool read_only;          ///< Whether the central system may only read it.
    bool reboot_required;    ///< Whether a change of the central system counts from the next boot on.
};

/// What a charging profile limits.
enum class profile_purpose : std::uint32_t {
    charge_point_max = EVCP_PURPOSE_CHARGE_POINT_MAX,    ///< What all connectors draw together.
    tx_default = EVCP_PURPOSE_TX_DEFAULT,                ///< Each transaction that has no profile of its own.
    tx = EVCP_PURPOSE_TX                                 ///< One transaction.
};

/// A charging profile that is installed.
struct profile_info {
    std::uint32_t connector;    ///< Where; 0: the charge point.
    std::int32_t id;            ///< Its chargingProfileId. The charger's own have ids of their own.
    std::int32_t level;         ///< Its stackLevel: a higher one prevails.
    profile_purpose purpose;    ///< What it limits.
    tx_id tx;                   ///< The transaction that a TxProfile is for; else 0.
    bool local;                 ///< Whether it is one of the charger's own, and not of the central system.
    bool ignored;               ///< Whether it says nothing now, since there is no connection ("offline.ignores").
    std::string json;           ///< All of it: a ChargingProfile of OCPP 1.6.
};

/// A fault, or a warning, that is there now.
struct fault_info {
    std::uint32_t connector;    ///< Where; 0: the charge point.
    fault_code code;            ///< What is wrong.
    bool warning;               ///< Whether it is a warning, which stops nothing.
    bool shown;                 ///< Whether it is the one that the status of the connector tells of.
    bool own;                   ///< Whether the library found it out itself: it ends when it is over.
    std::string info;           ///< What was said of it, or empty.
    std::string vendor_code;    ///< The vendor's own code for it, or empty.
};

/// So much may be drawn, and not more.
struct limit {
    double value = 0;              ///< How much; what is between two tenths counts as the lower one.
    evcp::unit unit = evcp::unit::amps;    ///< In what: per phase, or over all phases.
    std::uint32_t phases = 0;      ///< On how many phases at most, 1 to 3; 0: on all that there are.
};

/// A local limit that stands.
struct local_limit {
    std::string source;      ///< Who set it.
    evcp::limit limit;       ///< How much may be drawn.
    bool failsafe = false;   ///< Whether it is the failsafe value: the source has not spoken, or not in time.
};

/// How the storage does.
struct storage_info {
    storage_state state;    ///< How it is now.
    std::string detail;     ///< Why, or what was lost, in words for people.
};

/// Which way a frame went.
enum class direction : std::uint32_t {
    received = EVCP_FRAME_RECEIVED,    ///< From the central system.
    sent = EVCP_FRAME_SENT             ///< To it.
};

/// A text frame of OCPP-J.
struct frame_info {
    direction way;                                 ///< Which way it went.
    std::chrono::system_clock::time_point time;    ///< When, by the device's clock.
    std::string text;                              ///< What it says.
    bool masked;                                   ///< Whether secrets in it were replaced by "***".
    std::uint64_t dropped;    ///< How many were lost right before it, because nobody dispatched in time.
};

/// Vendor data that the central system sent.
struct vendor_data {
    std::string vendor;     ///< Whose it is.
    std::string message;    ///< Which message of theirs, or empty.
    std::string data;       ///< What it says, or empty.
};

/// What became of vendor data that was sent.
struct data_result {
    /// errc::offline; errc::io when no answer came or an error instead; errc::closed when the charge
    /// point went first; else there is an answer.
    std::error_code error;
    data_status status;    ///< The answer, unless there was an error.
    std::string data;      ///< What the central system says to it, or empty.
};

/// Hears what became of vendor data.
using data_handler = std::function<void(const data_result&)>;

namespace detail {

/// Text for C. What has a NUL inside would be cut there in silence: bytes that are not UTF-8 stand
/// in for it, so that the library refuses it by the name of the argument.
inline const char* text(const std::string& text) noexcept
{
    return text.find('\0') == std::string::npos ? text.c_str() : "\xff";
}

inline const char* optional_text(const std::string& given) noexcept
{
    return given.empty() ? nullptr : text(given);
}

inline const std::uint8_t* bytes(const std::string& bytes) noexcept
{
    return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

/// What C wants of a network profile; good for as long as that is.
inline evcp_network_profile_t native(const network_profile& of)
{
    evcp_network_profile_t made = EVCP_NETWORK_PROFILE_INIT;
    made.security_profile = of.security_profile;
    made.url = text(of.url);
    made.identity = text(of.identity);
    made.auth_key = bytes(of.auth_key);
    made.auth_key_len = of.auth_key.size();
    made.ca_pem = bytes(of.ca_pem);
    made.ca_pem_len = of.ca_pem.size();
    made.client_chain_pem = bytes(of.client_chain_pem);
    made.client_chain_pem_len = of.client_chain_pem.size();
    made.client_key_pem = bytes(of.client_key_pem);
    made.client_key_pem_len = of.client_key_pem.size();
    made.interface = optional_text(of.interface_name);
    made.source_address = optional_text(of.source_address);
    made.proxy = optional_text(of.proxy);
    const auto longest = std::chrono::seconds(std::numeric_limits<std::uint32_t>::max());
    const bool sane = of.connect_timeout >= std::chrono::seconds(0) && of.connect_timeout <= longest;
    made.connect_timeout_s =
        sane ? static_cast<std::uint32_t>(of.connect_timeout.count()) : std::numeric_limits<std::uint32_t>::max();
    return made;
}

inline std::string from_c(const char* text) { return text != nullptr ? text : ""; }

inline std::string from_c(const char* data, std::size_t length)
{
    return data != nullptr ? std::string(data, length) : std::string();
}

inline std::chrono::system_clock::time_point from_unix(std::int64_t ms)
{
    const std::chrono::milliseconds since(ms);
    return std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(since));
}

inline transaction from_info(const evcp_tx_info_t& tx)
{
    return {static_cast<tx_change>(tx.change), tx.connector, tx.tx, tx.ocpp_id_known, tx.ocpp_id,
            from_c(tx.ocpp_id_text), from_unix(tx.started_ms), from_unix(tx.stopped_ms), tx.meter_start_wh, tx.meter_stop_wh, tx.tag,
            static_cast<stop_reason>(tx.reason)};
}

inline boot_info from_info(const evcp_boot_info_t& boot)
{
    return {static_cast<boot_status>(boot.status), std::chrono::seconds(boot.interval_s), from_unix(boot.time_ms)};
}

inline connection_info from_info(const evcp_connection_info_t& link)
{
    return {static_cast<link_state>(link.state), from_c(link.detail), link.slot};
}

inline key_info from_info(const evcp_key_info_t& key)
{
    return {from_c(key.key), from_c(key.value), key.read_only, key.reboot_required};
}

inline profile_info from_info(const evcp_profile_info_t& profile)
{
    return {profile.connector, profile.id, profile.level, static_cast<profile_purpose>(profile.purpose), profile.tx, profile.local,
            profile.ignored, from_c(profile.json)};
}

inline fault_info from_info(const evcp_fault_info_t& fault)
{
    return {fault.connector, static_cast<fault_code>(fault.code), fault.warning, fault.shown, fault.own, from_c(fault.info),
            from_c(fault.vendor_code)};
}

/// Asks with `call(out, text, len)` for a struct with texts, until there is room for them. Negative: an error.
template <class Info, class Call>
evcp_err_t ask(Info& out, std::string& text, Call&& call)
{
    out.struct_size = sizeof out;
    text.resize(256);
    for (;;) {
        std::size_t len = text.size();
        const evcp_err_t result = call(&out, &text[0], &len);
        if (result != EVCP_E_BUFFER)
            return result;
        text.resize(len);
    }
}

/// What a charge point shares with its replies and handlers, which may all outlive it.
class shared {
public:
    void open(evcp_t* cp)
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        cp_ = cp;
    }

    /// From here on no reply uses the handle, which may be freed then.
    void close() noexcept { open(nullptr); }

    /// Answers a question with `call(cp)`, unless the charge point is gone.
    template <class Call>
    evcp_err_t answer(Call&& call)
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        return cp_ != nullptr ? call(cp_) : EVCP_E_CLOSED;
    }

    void keep(std::exception_ptr thrown) noexcept
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!thrown_)
            thrown_ = std::move(thrown);
    }

    void rethrow()
    {
        std::exception_ptr thrown;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            thrown.swap(thrown_);
        }
        if (thrown)
            std::rethrow_exception(thrown);
    }

private:
    std::mutex mutex_;
    evcp_t* cp_ = nullptr;
    std::exception_ptr thrown_;
};

}    // namespace detail

// ---- Answers ------------------------------------------------------------------------------------

/// A question that waits for its answer: what all replies have in common.
///
/// Answer in the handler, or move the reply away and answer later, on any thread, in the time that
/// evcp.h gives (EVCP_ANSWER_MS; a meter "meter.timeout_s"). A reply that is destroyed unanswered
/// gives the safe answer that is named at its kind. It may outlive the charge point.
///
/// Answering: errc::expired when it was answered before, moved from, or its time is over;
/// errc::closed when the charge point is gone or stopped; errc::invalid when the answer cannot be
/// sent: then it may be answered again.
class reply {
public:
    reply(const reply&) = delete;
    reply& operator=(const reply&) = delete;

    /// Whether it was neither answered nor moved from. Its time may be over all the same.
    explicit operator bool() const noexcept { return req_ != 0; }

protected:
    reply(std::shared_ptr<detail::shared> to, evcp_req_t req) noexcept : to_(std::move(to)), req_(req) {}
    reply(reply&& from) noexcept : to_(std::move(from.to_)), req_(from.req_) { from.req_ = 0; }
    ~reply() = default;

    void swap(reply& other) noexcept
    {
        to_.swap(other.to_);
        std::swap(req_, other.req_);
    }

    template <class Call>
    void send(error_to to, Call&& call)
    {
        if (req_ == 0) {
            to(EVCP_E_EXPIRED, "it was answered before, or moved from");
            return;
        }
        const evcp_req_t req = req_;
        const evcp_err_t result = to_->answer([&](evcp_t* cp) { return call(cp, req); });
        if (result != EVCP_E_INVALID)
            req_ = 0;
        to(result, result == EVCP_E_CLOSED ? "the charge point is gone, or was stopped" : nullptr);
    }

    void send(error_to to, evcp_answer_t answer)
    {
        send(to, [=](evcp_t* cp, evcp_req_t req) { return evcp_answer(cp, req, answer); });
    }

    /// Sends the safe answer from a destructor, which has nobody to report to.
    template <class Answer>
    void drop(Answer answer) noexcept
    {
        std::error_code ignored;
        if (req_ != 0)
            send(ignored, answer);
    }

private:
    std::shared_ptr<detail::shared> to_;
    evcp_req_t req_;
};

/// Answers handlers::on_unlock. Dropped: UnlockFailed.
class unlock_reply final : public reply {
public:
    unlock_reply(unlock_reply&&) noexcept = default;
    /// Answers for the reply that stood here, if that is due.
    unlock_reply& operator=(unlock_reply&& from) noexcept
    {
        unlock_reply(std::move(from)).swap(*this);
        return *this;
    }
    ~unlock_reply() { drop(evcp_answer_t{EVCP_FAILED}); }

    /// The connector is unlocked.
    void unlocked(error_to to = {}) { send(to, evcp_answer_t{EVCP_ACCEPTED}); }
    /// It was tried, and did not work.
    void failed(error_to to = {}) { send(to, evcp_answer_t{EVCP_FAILED}); }
    /// This connector has no lock.
    void not_supported(error_to to = {}) { send(to, evcp_answer_t{EVCP_NOT_SUPPORTED}); }

private:
    friend class charge_point;
    using reply::reply;
};

/// Answers handlers::on_reset. Dropped: Rejected.
class reset_reply final : public reply {
public:
    reset_reply(reset_reply&&) noexcept = default;
    /// Answers for the reply that stood here, if that is due.
    reset_reply& operator=(reset_reply&& from) noexcept
    {
        reset_reply(std::move(from)).swap(*this);
        return *this;
    }
    ~reset_reply() { drop(evcp_answer_t{EVCP_REJECTED}); }

    /// The device may be restarted; handlers::on_reboot says when.
    void accept(error_to to = {}) { send(to, evcp_answer_t{EVCP_ACCEPTED}); }
    /// Not now.
    void reject(error_to to = {}) { send(to, evcp_answer_t{EVCP_REJECTED}); }

private:
    friend class charge_point;
    using reply::reply;
};

/// Answers handlers::on_meter_read. Dropped: what the meter showed last counts.
class meter_reply final : public reply {
public:
    meter_reply(meter_reply&&) noexcept = default;
    /// Answers for the reply that stood here, if that is due.
    meter_reply& operator=(meter_reply&& from) noexcept
    {
        meter_reply(std::move(from)).swap(*this);
        return *this;
    }
    ~meter_reply() { drop(none); }

    /// What the meter shows now, 256 values at most; see sample(). Others stay as they were.
    void shows(const std::vector<meter_value>& values, error_to to = {})
    {
        send(to, [&](evcp_t* cp, evcp_req_t req) {
            return evcp_answer_meter(cp, req, values.data(), values.size());
        });
    }

private:
    friend class charge_point;
    using reply::reply;
    static evcp_err_t none(evcp_t* cp, evcp_req_t req) { return evcp_answer_meter(cp, req, nullptr, 0); }
};

/// Answers handlers::on_data_transfer. Dropped: Rejected.
class data_reply final : public reply {
public:
    data_reply(data_reply&&) noexcept = default;
    /// Answers for the reply that stood here, if that is due.
    data_reply& operator=(data_reply&& from) noexcept
    {
        data_reply(std::move(from)).swap(*this);
        return *this;
    }
    ~data_reply() { drop(evcp_answer_t{EVCP_REJECTED}); }

    /// Answers with a status, and with data unless that is empty.
    void answer(data_status status, const std::string& data = {}, error_to to = {})
    {
        const char* const start = data.empty() ? nullptr : data.data();
        send(to, [&](evcp_t* cp, evcp_req_t req) {
            return evcp_answer_data(cp, req, static_cast<evcp_answer_t>(status), start, data.size());
        });
    }

private:
    friend class charge_point;
    using reply::reply;
};

/// Answers handlers::on_key_change. Dropped: Rejected.
class key_reply final : public reply {
public:
    key_reply(key_reply&&) noexcept = default;
    /// Answers for the reply that stood here, if that is due.
    key_reply& operator=(key_reply&& from) noexcept
    {
        key_reply(std::move(from)).swap(*this);
        return *this;
    }
    ~key_reply() { drop(evcp_answer_t{EVCP_REJECTED}); }

    /// It has the new value from now on.
    void accept(error_to to = {}) { send(to, evcp_answer_t{EVCP_ACCEPTED}); }
    /// It has the new value from the next boot on.
    void reboot_required(error_to to = {}) { send(to, evcp_answer_t{EVCP_REBOOT_REQUIRED}); }
    /// It stays as it is.
    void reject(error_to to = {}) { send(to, evcp_answer_t{EVCP_REJECTED}); }

private:
    friend class charge_point;
    using reply::reply;
};

// ---- Handlers -----------------------------------------------------------------------------------

/// What the library tells and asks. What is left empty has a default: a question is answered as OCPP
/// asks, a notice is dropped. What is passed by reference is valid until the handler returns.
struct handlers {
    /// A command, complete; the first ones come after the start, for every connector.
    std::function<void(std::uint32_t connector, const supply& command)> on_supply;
    /// Unlock the connector; energy is off. Empty: NotSupported.
    std::function<void(std::uint32_t connector, unlock_reply)> on_unlock;
    /// May the device be restarted? on_reboot says when. Empty: Rejected.
    std::function<void(bool hard, reset_reply)> on_reset;
    /// Read the meter (connector 0: the main meter). Empty: what push_meter() said last is used.
    std::function<void(std::uint32_t connector, reading what_for, meter_reply)> on_meter_read;
    /// Vendor data of the central system. Empty: UnknownVendorId.
    std::function<void(const vendor_data&, data_reply)> on_data_transfer;
    /// May the central system change this key, which was declared with asks? Its value is what it is to be, within
    /// its limits; it has it when on_key_changed says so. Empty: Rejected.
    std::function<void(const key_info&, key_reply)> on_key_change;
    /// The link changed.
    std::function<void(const connection_info&)> on_connection;
    /// BootNotification was answered.
    std::function<void(const boot_info&)> on_boot;
    /// The central system says what time it is: the device may set its clock.
    std::function<void(std::chrono::system_clock::time_point)> on_time;
    /// What became of a tag.
    std::function<void(const auth_info&)> on_auth;
    /// ConnectionTimeOut is over, and nobody plugged in: who may charge may not any more.
    std::function<void(const timeout_info&)> on_timeout;
    /// A connector (0: the charge point) has a new status, or another code.
    std::function<void(const status_info&)> on_status;
    /// A transaction took a step.
    std::function<void(const transaction&)> on_tx;
    /// The central system put a connector (0: all) in or out of service.
    std::function<void(std::uint32_t connector, bool operative)> on_availability;
    /// A configuration key was changed.
    std::function<void(const key_info&)> on_key_changed;
    /// The storage fails, works again, or was damaged.
    std::function<void(const storage_info&)> on_storage;
    /// A frame was received or is being sent; secrets are replaced by "***" (setting "frames.secrets"). Who is
    /// behind loses the oldest: 256 of them wait at most.
    std::function<void(const frame_info&)> on_frame;
    /// All is stored and said: restart the device (hard) or the application now.
    std::function<void(bool hard)> on_reboot;
    /// No session is left since set_draining().
    std::function<void(const restart_info&)> on_drained;
    /// The library cannot go on: supply nothing, and destroy the charge point. The last one.
    std::function<void(const error& why)> on_fatal;
    /// An exception left another handler; called at once. Empty: dispatch() throws it.
    std::function<void(std::exception_ptr)> on_exception;
};

// ---- Configuration ------------------------------------------------------------------------------

/// What the value of a configuration key of the firmware's own is.
enum class key_kind : std::uint32_t {
    text = EVCP_KEY_TEXT,          ///< Any text.
    integer = EVCP_KEY_INTEGER,    ///< A whole number.
    boolean = EVCP_KEY_BOOLEAN,    ///< "true" or "false", in any case.
    list = EVCP_KEY_LIST           ///< Entries with commas between them.
};

namespace detail {
inline evcp_limit_t to_c(const limit& most) noexcept
{
    evcp_limit_t made{};
    made.struct_size = sizeof made;
    made.unit = static_cast<std::uint32_t>(most.unit);
    made.value = most.value;
    made.phases = most.phases;
    return made;
}

/// None is negative.
inline std::uint64_t span(std::chrono::milliseconds time) noexcept
{
    return time.count() < 0 ? 0 : static_cast<std::uint64_t>(time.count());
}
}    // namespace detail

/// What a configuration key of the firmware's own may be. What it may not is refused without a question.
struct key_decl {
    key_kind kind = key_kind::text;    ///< What its value is.
    std::string words;                 ///< The values (text) or entries (list) that there are, with commas; empty: any.
    std::int64_t min = 0;              ///< The least value (integer).
    /// The greatest value (integer; both 0: any), the characters (text) or entries (list) at most (0: what fits).
    std::int64_t max = 0;
    bool read_only = false;            ///< Whether the central system may only read it.
    bool reboot_required = false;      ///< Whether a change takes effect at the next boot only.
    bool asks = false;                 ///< Whether handlers::on_key_change is asked before it is changed.
};

/// What a charge point is made of: one connector, and defaults for everything else. Movable. Each
/// function sets something and returns the config, so that calls can be chained. errc::invalid when a
/// value is not possible; what only fits together or not is checked by charge_point.
class config {
public:
    /// Throws std::bad_alloc.
    config() : cfg_(evcp_config_new())
    {
        if (cfg_ == nullptr)
            throw std::bad_alloc();
    }

    /// Where the central system is: "ws://host:port/path", "wss://..." for TLS, or without a scheme, so that
    /// the security profile decides. A scheme that does not agree with the profile is refused. The identity
    /// is appended.
    config& url(const std::string& url, error_to to = {})
    {
        return set_to(to, evcp_config_set_url(native(), detail::text(url)));
    }

    /// The name at the central system; also the user name for its password.
    config& identity(const std::string& name, error_to to = {})
    {
        return set_to(to, evcp_config_set_identity(native(), detail::text(name)));
    }

    /// What BootNotification says of the device: vendor and model have 1 to 20 characters; serial
    /// (25 at most) and firmware (50 at most) may be empty.
    config& device(const std::string& vendor, const std::string& model, const std::string& serial = {},
                   const std::string& firmware = {}, error_to to = {})
    {
        return set_to(to, evcp_config_set_device(native(), detail::text(vendor), detail::text(model),
                                                 detail::optional_text(serial),
                                                 detail::optional_text(firmware)));
    }

    /// How many connectors there are, 1 to 256: sockets with a lock, unless lockable() says otherwise.
    config& connectors(std::uint32_t count, error_to to = {})
    {
        return set_to(to, evcp_config_set_connectors(native(), count));
    }

    /// Whether a connector is a socket with a lock (true) or has a fixed cable (false).
    config& lockable(std::uint32_t connector, bool lockable, error_to to = {})
    {
        return set_to(to, evcp_config_set_lockable(native(), connector, lockable));
    }

    /// What of a connector reports whether it is closed, with set_contactor() and set_lock(): a start waits for the
    /// lock, a last reading for the contactor, and what does not obey is a fault. A fixed cable has no lock.
    config& feedback(std::uint32_t connector, bool contactor, bool lock, error_to to = {})
    {
        const std::uint32_t flags = (contactor ? EVCP_FEEDBACK_CONTACTOR : 0U) | (lock ? EVCP_FEEDBACK_LOCK : 0U);
        return set_to(to, evcp_config_set_feedback(native(), connector, flags));
    }

    /// What a connector (0: the grid connection) can carry: amps per phase on 1 to 3 phases, or, with
    /// phases 0, of direct current; up to 10000 A, in steps of 0.1 A. Without it a connector has 32 A
    /// on three phases, and the grid connection no limit.
    config& limit(std::uint32_t connector, std::uint32_t phases, double amps, error_to to = {})
    {
        return set_to(to, evcp_config_set_limit(native(), connector, phases, amps));
    }

    /// The least current that a connector can say to a vehicle, A per phase, up to 80. Without it: "electric.min_a"
    /// for alternating current, 0 for direct current.
    config& min_current(std::uint32_t connector, double amps, error_to to = {})
    {
        return set_to(to, evcp_config_set_min_current(native(), connector, amps));
    }

    /// The directory for everything that must survive a power cut; made if it does not exist, and for
    /// one charge point alone. Empty, or never said: everything is forgotten at the end.
    config& storage(const std::string& directory, error_to to = {})
    {
        return set_to(to, evcp_config_set_storage(native(), detail::optional_text(directory)));
    }

    /// Security profile of OCPP: 0 none, 1 password, 2 TLS and password, 3 TLS with certificates on
    /// both sides.
    config& profile(std::uint32_t security_profile, error_to to = {})
    {
        return set_to(to, evcp_config_set_profile(native(), security_profile));
    }

    /// The password for profiles 1 and 2, 16 to 20 bytes of any kind. One that the central system
    /// sets later wins.
    config& auth_key(const std::string& key, error_to to = {})
    {
        return set_to(to, evcp_config_set_auth_key(native(), detail::bytes(key), key.size()));
    }

    /// The roots that the central system's certificate must lead to, as PEM. No others are trusted.
    config& ca_pem(const std::string& pem, error_to to = {})
    {
        return set_to(to, evcp_config_set_ca_pem(native(), detail::bytes(pem), pem.size()));
    }

    /// The network profile of a slot, 1 to 4: several are tried in the order of "network.priority". The settings
    /// above are those of slot 1.
    config& network(std::uint32_t slot, const network_profile& profile, error_to to = {})
    {
        const auto made = detail::native(profile);
        return set_to(to, evcp_config_set_network_profile(native(), slot, &made));
    }

    /// The charge point's own certificate with those between it and its root, and the key to it, as
    /// PEM, for profile 3.
    config& client_pem(const std::string& chain, const std::string& key, error_to to = {})
    {
        return set_to(to, evcp_config_set_client_pem(native(), detail::bytes(chain), chain.size(),
                                                     detail::bytes(key), key.size()));
    }

    /// Everything else by name: OCPP's configuration keys, which stored changes of the central system
    /// win over, and the library's own settings. errc::unsupported for a name that there is not.
    config& set(const std::string& name, const std::string& value, error_to to = {})
    {
        return set_to(to, evcp_config_set(native(), detail::text(name), detail::text(value)));
    }

    /// A configuration key of the firmware's own, that the central system may read and, unless it is
    /// read_only, write; handlers::on_key_changed tells. Any text.
    config& declare(const std::string& key, const std::string& value, bool read_only = false,
                    bool reboot_required = false, error_to to = {})
    {
        key_decl decl;
        decl.read_only = read_only;
        decl.reboot_required = reboot_required;
        return declare(key, value, decl, to);
    }

    /// The same, with what it may be, and whether handlers::on_key_change is asked.
    config& declare(const std::string& key, const std::string& value, const key_decl& decl, error_to to = {})
    {
        evcp_key_decl_t made{};
        made.struct_size = sizeof made;
        made.kind = static_cast<std::uint32_t>(decl.kind);
        made.name = detail::text(key);
        made.value = detail::text(value);
        made.words = detail::optional_text(decl.words);
        made.min = decl.min;
        made.max = decl.max;
        made.read_only = decl.read_only;
        made.reboot_required = decl.reboot_required;
        made.asks = decl.asks;
        return set_to(to, evcp_config_declare(native(), &made));
    }

    /// The configuration as evcp.h has it; it stays here. nullptr after it was moved from.
    evcp_config_t* native() const noexcept { return cfg_.get(); }

private:
    struct freer {
        void operator()(evcp_config_t* cfg) const noexcept { evcp_config_free(cfg); }
    };

    config& set_to(error_to to, evcp_err_t result)
    {
        to(result);
        return *this;
    }

    std::unique_ptr<evcp_config_t, freer> cfg_;
};

// ---- The charge point ---------------------------------------------------------------------------

/// A timeout that never ends, for charge_point::dispatch().
constexpr std::chrono::milliseconds forever{-1};

/// A charge point. Movable: one that was moved from is empty, and its functions fail with
/// errc::invalid. Handlers that need it later capture something that stays where it is.
class charge_point {
public:
    /// An empty one.
    charge_point() noexcept = default;

    /// Makes a charge point from a copy of `cfg`; checks everything and opens the storage; nothing
    /// runs yet. errc::invalid names what is not possible, errc::io what is wrong with the storage;
    /// with a std::error_code it is empty then.
    explicit charge_point(const config& cfg, handlers on = {}, error_to to = {})
        : shared_(std::make_shared<detail::shared>())
    {
        auto mine = std::make_unique<state>(state{std::move(on), shared_});
        const evcp_callbacks_t slots = slots_for(mine->on);
        const evcp_err_t result = evcp_new(cfg.native(), &slots, mine.get(), &cp_);
        if (result == EVCP_OK)
            state_ = mine.release();    // the destroy slot has it now
        shared_->open(cp_);
        to(result);
    }

    charge_point(charge_point&& from) noexcept { swap(from); }
    /// Ends the one that stood here, as the destructor does.
    charge_point& operator=(charge_point&& from) noexcept
    {
        charge_point(std::move(from)).swap(*this);
        return *this;
    }

    /// Stops and frees it. Transactions go on at the next start, if there is a storage. In a handler:
    /// legal, and no other handler follows. Else it waits, two seconds at most each, for the link to
    /// close and for a dispatch() on another thread.
    ~charge_point()
    {
        if (cp_ == nullptr)
            return;
        shared_->close();
        evcp_free(cp_);
    }

    /// Whether there is one: not empty and not moved from.
    explicit operator bool() const noexcept { return cp_ != nullptr; }

    /// The charge point as evcp.h has it; it stays here.
    evcp_t* native() const noexcept { return cp_; }

    // Life

    /// Starts: returns at once, and connects for ever. errc::state the second time.
    void start(error_to to = {}) { to(evcp_start(cp_)); }

    /// Closes the link and flushes the storage, and waits for that. Does not stop transactions. What
    /// happened until then can still be dispatched. errc::deadlock in a handler, errc::io when it
    /// takes longer.
    void stop(std::chrono::milliseconds timeout, error_to to = {})
    {
        const auto most = std::chrono::milliseconds(std::numeric_limits<std::int32_t>::max());
        const auto waits = (std::max)(std::chrono::milliseconds::zero(), (std::min)(timeout, most));
        to(evcp_stop(cp_, static_cast<std::uint32_t>(waits.count())));
    }

    /// Runs the handlers that wait, on this thread; waits for the first (zero: not at all; forever).
    /// Returns how many ran, or EVCP_E_CLOSED, which is an end and no error: it was destroyed
    /// meanwhile, or stopped and nothing is left to tell. errc::deadlock in a handler; errc::state
    /// while another thread dispatches; errc::panic after a failure inside the library. What a
    /// handler threw is thrown here, with a std::error_code too; see EXCEPTIONS above.
    int dispatch(std::chrono::milliseconds timeout = std::chrono::milliseconds::zero(), error_to to = {})
    {
        const auto most = std::chrono::milliseconds(std::numeric_limits<std::int32_t>::max());
        const auto waits = (std::max)(forever, (std::min)(timeout, most));
        // A handler may destroy *this: from here on only what is on the stack is used.
        const std::shared_ptr<detail::shared> kept = shared_;
        const std::int32_t ran = evcp_dispatch(cp_, static_cast<std::int32_t>(waits.count()));
        if (kept != nullptr && ran != EVCP_E_DEADLOCK && ran != EVCP_E_STATE)
            kept->rethrow();
        if (ran == EVCP_E_CLOSED)
            to(EVCP_OK);
        else
            to(ran);
        return ran;
    }

    /// Readable while handlers wait: for poll, epoll, an event loop. Do not read or close it. -1 when
    /// empty.
    int fd() const noexcept { return evcp_fd(cp_); }

    /// Makes dispatch() return, now or the next time. May be called in a signal handler.
    void wakeup() noexcept { evcp_wakeup(cp_); }

    // The charger tells. errc::full when too much waits (never for stops and faults), errc::closed after stop(), errc::invalid for
    // a connector that there is not and for what is said at each.

    /// The state of the vehicle at a connector; as often as you like.
    void set_ev(std::uint32_t connector, ev vehicle, error_to to = {})
    {
        to(evcp_set_ev(cp_, connector, static_cast<evcp_ev_t>(vehicle)));
    }

    /// A connector (0: the charge point) has a fault; info and vendor_code are cut at 50 characters. There may be one of each code at a
    /// time; energy is off while any lasts.
    void set_fault(std::uint32_t connector, fault_code code, const std::string& info = {},
                   const std::string& vendor_code = {}, error_to to = {})
    {
        to(evcp_set_fault(cp_, connector, static_cast<evcp_error_code_t>(code), detail::optional_text(info),
                          detail::optional_text(vendor_code)));
    }

    /// No fault any more; a transaction goes on.
    void clear_fault(std::uint32_t connector, error_to to = {})
    {
        to(evcp_set_fault(cp_, connector, EVCP_ERROR_NO_ERROR, nullptr, nullptr));
    }

    /// The fault with this code is over; others stay.
    void clear_fault(std::uint32_t connector, fault_code code, error_to to = {})
    {
        to(evcp_clear_fault(cp_, connector, static_cast<evcp_error_code_t>(code)));
    }

    /// Something should be looked at, and stops nothing: the code goes along with the status. As
    /// set_fault() otherwise.
    void set_warning(std::uint32_t connector, fault_code code, const std::string& info = {},
                     const std::string& vendor_code = {}, error_to to = {})
    {
        to(evcp_set_warning(cp_, connector, static_cast<evcp_error_code_t>(code),
                            detail::optional_text(info), detail::optional_text(vendor_code)));
    }

    /// No warning any more.
    void clear_warning(std::uint32_t connector, error_to to = {})
    {
        to(evcp_set_warning(cp_, connector, EVCP_ERROR_NO_ERROR, nullptr, nullptr));
    }

    /// The warning with this code is over; others stay.
    void clear_warning(std::uint32_t connector, fault_code code, error_to to = {})
    {
        to(evcp_clear_warning(cp_, connector, static_cast<evcp_error_code_t>(code)));
    }

    /// Whether nothing new is to begin, before an update or a shutdown: transactions go on to their own end,
    /// everybody else is refused; handlers::on_drained tells when no session is left.
    void set_draining(bool draining, error_to to = {}) { to(evcp_set_draining(cp_, draining)); }

    /// Somebody at the charger took a connector (0: all of it) out of service, or back. Survives a
    /// restart; the central system cannot take it back.
    void set_operative(std::uint32_t connector, bool operative, error_to to = {})
    {
        to(evcp_set_operative(cp_, connector, operative));
    }

    /// Whether the charger itself can supply energy at a connector (true at the start). While it cannot, a
    /// transaction goes on without energy, as SuspendedEVSE.
    void set_evse_ready(std::uint32_t connector, bool ready, error_to to = {})
    {
        to(evcp_set_evse_ready(cp_, connector, ready, nullptr));
    }

    /// The same, with a reason of 50 characters at most that goes along with the status.
    void set_evse_ready(std::uint32_t connector, bool ready, const std::string& reason, error_to to = {})
    {
        to(evcp_set_evse_ready(cp_, connector, ready, detail::text(reason)));
    }

    /// Whether the contactor of a connector is closed, as its auxiliary contact says; where that was declared with
    /// config::feedback().
    void set_contactor(std::uint32_t connector, bool closed, error_to to = {})
    {
        to(evcp_set_contactor(cp_, connector, closed));
    }

    /// Whether the lock of a connector is closed; where that was declared. With false, energy is off from this
    /// call on.
    void set_lock(std::uint32_t connector, bool closed, error_to to = {})
    {
        to(evcp_set_lock(cp_, connector, closed));
    }

    /// A source of limits other than the central system says what may be drawn at a connector (0: by all together),
    /// for so long (0: until it says something else); then its failsafe value stands in its place. The least of all
    /// limits counts.
    void set_local_limit(std::uint32_t connector, const std::string& source, const limit& most,
                         std::chrono::milliseconds valid_for, error_to to = {})
    {
        const evcp_limit_t given = detail::to_c(most);
        to(evcp_set_local_limit(cp_, connector, detail::text(source), &given, detail::span(valid_for)));
    }

    /// It does not limit it, for so long.
    void set_no_local_limit(std::uint32_t connector, const std::string& source, std::chrono::milliseconds valid_for,
                            error_to to = {})
    {
        to(evcp_set_local_limit(cp_, connector, detail::text(source), nullptr, detail::span(valid_for)));
    }

    /// What holds while that source has not spoken since the start, or not in time. It is kept over restarts.
    void set_failsafe(std::uint32_t connector, const std::string& source, const limit& most, error_to to = {})
    {
        const evcp_limit_t given = detail::to_c(most);
        to(evcp_set_failsafe(cp_, connector, detail::text(source), &given));
    }

    /// Nothing does any more.
    void set_no_failsafe(std::uint32_t connector, const std::string& source, error_to to = {})
    {
        to(evcp_set_failsafe(cp_, connector, detail::text(source), nullptr));
    }

    /// The local limits that stand at a connector (0: for all together).
    std::vector<local_limit> get_local_limits(std::uint32_t connector, error_to to = {}) const
    {
        std::vector<local_limit> out;
        evcp_local_limit_t info{};
        info.struct_size = sizeof info;
        evcp_err_t result = 1;
        while (result > 0) {
            result = evcp_get_local_limit(cp_, connector, static_cast<std::uint32_t>(out.size()), &info);
            if (result > 0)
                out.push_back({info.source, {info.value, static_cast<unit>(info.unit), info.phases}, info.failsafe});
        }
        to(result);
        return out;
    }

    /// The device has a better clock than the library's; milliseconds count.
    void set_clock(std::chrono::system_clock::time_point now, error_to to = {})
    {
        using std::chrono::milliseconds;
        const auto since = std::chrono::duration_cast<milliseconds>(now.time_since_epoch());
        to(evcp_set_clock(cp_, static_cast<std::int64_t>(since.count())));
    }

    /// Whether there is a network at all (true at the start). Without one no connection is tried;
    /// with one again, it is tried at once.
    void set_network(bool up, error_to to = {}) { to(evcp_set_network(cp_, up)); }

    /// Another network profile for a slot, 1 to 4, from the next connection on, or at once if it is in use.
    void set_network_profile(std::uint32_t slot, const network_profile& profile, error_to to = {})
    {
        const auto native = detail::native(profile);
        to(evcp_set_network_profile(cp_, slot, &native));
    }

    /// A slot has no network profile any more; the last one cannot be taken away.
    void remove_network_profile(std::uint32_t slot, error_to to = {})
    {
        to(evcp_set_network_profile(cp_, slot, nullptr));
    }

    /// The order in which network profiles are tried, by their slots; one that is not named is not used.
    void set_network_priority(const std::vector<std::uint32_t>& slots, error_to to = {})
    {
        to(evcp_set_network_priority(cp_, slots.data(), slots.size()));
    }

    /// What the meter of a connector (0: the main meter) shows now, 256 values at most; see sample().
    /// Values that are not named stay as they were.
    void push_meter(std::uint32_t connector, const std::vector<meter_value>& values, error_to to = {})
    {
        to(evcp_push_meter(cp_, connector, values.data(), values.size()));
    }

    /// What the meter of a connector shows, as the meter signed it; text of 64 KiB at most. Push it
    /// before answering for reading::begin and reading::end.
    void push_signed_meter(std::uint32_t connector, const std::string& data, error_to to = {})
    {
        to(evcp_push_signed_meter(cp_, connector, data.data(), data.size()));
    }

    /// A card was shown (20 characters at most) at the reader of a connector; 0: at one that serves
    /// all of them. The outcome arrives in handlers::on_auth.
    void present_tag(std::uint32_t connector, const std::string& tag, error_to to = {})
    {
        to(evcp_present_tag(cp_, connector, detail::text(tag)));
    }

    /// The charger itself lets somebody charge: nobody is asked about the tag (20 characters at most). The
    /// transaction begins when a vehicle is there; the outcome arrives in handlers::on_auth.
    void start_tx(std::uint32_t connector, const std::string& tag, error_to to = {})
    {
        to(evcp_start_tx(cp_, connector, detail::text(tag), 0));
    }

    /// What waits at a connector (0: at all of them) is not wanted any more; a transaction goes on.
    void cancel(std::uint32_t connector, error_to to = {}) { to(evcp_cancel(cp_, connector)); }

    /// As present_tag(), for a reader that serves these connectors.
    void present_tag_at(const std::vector<std::uint32_t>& connectors, const std::string& tag,
                        error_to to = {})
    {
        to(evcp_present_tag_at(cp_, connectors.data(), connectors.size(), detail::text(tag)));
    }

    /// Stops the transaction of a connector, if one runs.
    void stop_tx(std::uint32_t connector, stop_reason reason, error_to to = {})
    {
        to(evcp_stop_tx(cp_, connector, static_cast<evcp_reason_t>(reason)));
    }

    /// Power fails, and there is enough of it left to say so: transactions are stopped with the last
    /// reading, stored, and reported if there is time.
    void power_fails(error_to to = {}) { to(evcp_power_fails(cp_)); }

    /// Changes a configuration key, also one that the central system may only read. What the key
    /// cannot be is logged and ignored.
    void set_key(const std::string& key, const std::string& value, error_to to = {})
    {
        to(evcp_set_key(cp_, detail::text(key), detail::text(value)));
    }

    /// Sends vendor data (vendor 255, message 50 characters at most; message and data may be empty).
    /// `done` hears what became of it, exactly once, if this does not fail: as a handler, in
    /// dispatch(), or with errc::closed in the destructor. It may be empty.
    void data_transfer(const std::string& vendor, const std::string& message = {},
                       const std::string& data = {}, data_handler done = {}, error_to to = {})
    {
        auto mine = done ? std::make_unique<pending>(pending{std::move(done), state_}) : nullptr;
        const evcp_err_t result = evcp_data_transfer(
            cp_, detail::text(vendor), detail::optional_text(message), data.empty() ? nullptr : data.data(),
            data.size(), mine ? &concluded : nullptr, mine.get());
        if (result == EVCP_OK)
            mine.release();    // concluded() has it now
        to(result);
    }

    // What is the case

    /// What a connector may draw now: the same as handlers::on_supply told or will tell. After a
    /// failure inside the library this still works, and permits nothing; so does what it returns
    /// with an error.
    supply get_supply(std::uint32_t connector, error_to to = {}) const
    {
        supply out{};
        out.struct_size = sizeof out;
        to(evcp_get_supply(cp_, connector, &out));
        return out;
    }

    /// What a connector (0: the whole charge point, from the grid) may draw from now on, as far as is
    /// known now; whole seconds count. An idle connector is answered as if a transaction began now.
    /// It may be cut, and end before `duration`. Empty with an error.
    std::vector<period> get_schedule(std::uint32_t connector, std::chrono::seconds duration, unit in,
                                     error_to to = {}) const
    {
        std::chrono::seconds covered{};
        return get_schedule(connector, duration, in, covered, to);
    }

    /// The same, and how much of the time from now on it covers: less than `duration` if it was cut. What
    /// comes then is not known.
    std::vector<period> get_schedule(std::uint32_t connector, std::chrono::seconds duration, unit in,
                                     std::chrono::seconds &covered, error_to to = {}) const
    {
        const auto most = std::chrono::seconds(std::numeric_limits<std::uint32_t>::max());
        const auto clamped = (std::max)(std::chrono::seconds::zero(), (std::min)(duration, most));
        const auto seconds = static_cast<std::uint32_t>(clamped.count());
        std::vector<period> out(16);
        std::uint32_t until = 0;
        evcp_err_t result = EVCP_E_BUFFER;
        while (result == EVCP_E_BUFFER) {    // it may grow between two questions
            std::size_t count = out.size();
            result = evcp_get_schedule(cp_, connector, seconds, static_cast<std::uint32_t>(in), out.data(),
                                       sizeof(period), &count, &until);
            out.resize(result == EVCP_OK || result == EVCP_E_BUFFER ? count : 0);
        }
        covered = std::chrono::seconds(until);
        to(result);
        return out;
    }

    /// The transaction that runs at a connector; 0 if none does.
    tx_id get_tx(std::uint32_t connector, error_to to = {}) const
    {
        tx_id out = 0;
        to(evcp_get_tx(cp_, connector, &out));
        return out;
    }

    /// The link to the central system; disconnected before the start, and with an error.
    connection_info get_link(error_to to = {}) const
    {
        evcp_connection_info_t info{};
        std::string text;
        to(detail::ask(info, text, [&](evcp_connection_info_t* into, char* room, std::size_t* len) {
            return evcp_get_link(cp_, into, room, len);
        }));
        return detail::from_info(info);
    }

    /// The last answer to BootNotification since the start, in `out`. False: there was none yet, or an error.
    bool get_registration(boot_info& out, error_to to = {}) const
    {
        evcp_boot_info_t info{};
        info.struct_size = sizeof info;
        const bool found = to(evcp_get_registration(cp_, &info)) > 0;
        if (found)
            out = detail::from_info(info);
        return found;
    }

    /// All that is known of the transaction that runs at a connector, in `out`. False: none runs, or an error.
    bool get_tx_info(std::uint32_t connector, transaction& out, error_to to = {}) const
    {
        evcp_tx_info_t info{};
        std::string text;
        const bool found = to(detail::ask(info, text, [&](evcp_tx_info_t* into, char* room, std::size_t* len) {
            return evcp_get_tx_info(cp_, connector, into, room, len);
        })) > 0;
        if (found)
            out = detail::from_info(info);
        return found;
    }

    /// The faults, then the warnings, of a connector (0: the charge point), those that the library found itself
    /// too. One that was just told shows when the library has dealt with it.
    std::vector<fault_info> get_faults(std::uint32_t connector, error_to to = {}) const
    {
        std::vector<fault_info> out;
        evcp_fault_info_t info{};
        std::string text;
        evcp_err_t result = 1;
        while (result > 0) {
            const std::uint32_t after = info.number;
            result = detail::ask(info, text, [&](evcp_fault_info_t* into, char* room, std::size_t* len) {
                return evcp_get_fault(cp_, connector, after, into, room, len);
            });
            if (result > 0)
                out.push_back(detail::from_info(info));
        }
        to(result);
        return out;
    }

    /// All configuration keys: those of OCPP in the order of the standard, then the firmware's own.
    std::vector<key_info> get_keys(error_to to = {}) const
    {
        std::vector<key_info> out;
        evcp_key_info_t info{};
        std::string text;
        evcp_err_t result = 1;
        while (result > 0) {
            const char* const after = out.empty() ? nullptr : out.back().key.c_str();
            result = detail::ask(info, text, [&](evcp_key_info_t* into, char* room, std::size_t* len) {
                return evcp_get_key_info(cp_, after, into, room, len);
            });
            if (result > 0)
                out.push_back(detail::from_info(info));
        }
        to(result);
        return out;
    }

    /// The transactions that the central system refused to the end, oldest first (tx_change::given_up). They
    /// survive restarts; the setting "tx.keep_undelivered" says how many are kept.
    std::vector<transaction> get_undelivered(error_to to = {}) const
    {
        std::vector<transaction> out;
        evcp_tx_info_t info{};
        std::string text;
        evcp_err_t result = 1;
        while (result > 0) {
            const tx_id after = out.empty() ? 0 : out.back().tx;
            result = detail::ask(info, text, [&](evcp_tx_info_t* into, char* room, std::size_t* len) {
                return evcp_get_undelivered(cp_, after, into, room, len);
            });
            if (result > 0)
                out.push_back(detail::from_info(info));
        }
        to(result);
        return out;
    }

    /// Installs a charging profile of the charger's own at a connector (0: the charge point): a ChargingProfile of OCPP
    /// 1.6, as JSON. One of the central system's with the same purpose and stackLevel prevails while it says something; a
    /// higher stackLevel prevails, whosever it is. It is kept over a restart; a TxProfile ends with the transaction that
    /// runs there. errc::invalid says what is wrong with it, or that 16 are installed.
    void install_profile(std::uint32_t connector, const std::string& json, error_to to = {})
    {
        to(evcp_install_profile(cp_, connector, detail::text(json)));
    }

    /// Removes the profile of the charger's own with that chargingProfileId there; errc::invalid if there is none.
    void clear_profile(std::uint32_t connector, std::int32_t id, error_to to = {}) { to(evcp_clear_profile(cp_, connector, id)); }

    /// Removes all charging profiles of the charger's own.
    void clear_profiles(error_to to = {}) { to(evcp_clear_profiles(cp_)); }

    /// All charging profiles that are installed: those of the central system, then the charger's own. What was just
    /// installed or cleared shows when the library has dealt with it.
    std::vector<profile_info> get_profiles(error_to to = {}) const
    {
        std::vector<profile_info> out;
        evcp_profile_info_t info{};
        std::string text;
        evcp_err_t result = 1;
        while (result > 0) {
            const std::uint64_t after = out.empty() ? 0 : info.number;
            result = detail::ask(info, text, [&](evcp_profile_info_t* into, char* room, std::size_t* len) {
                return evcp_get_profile(cp_, after, into, room, len);
            });
            if (result > 0)
                out.push_back(detail::from_info(info));
        }
        to(result);
        return out;
    }

    /// Delivers an undelivered transaction again, each of its messages once; then on_tx tells
    /// tx_change::delivered, or tx_change::given_up again. errc::invalid if it is not undelivered.
    void deliver_tx(tx_id tx, error_to to = {}) { to(evcp_deliver_tx(cp_, tx)); }

    /// Forgets an undelivered transaction: its bill was written by hand. errc::invalid if it is not
    /// undelivered.
    void forget_tx(tx_id tx, error_to to = {}) { to(evcp_forget_tx(cp_, tx)); }

    /// The status of a connector (0: the charge point). connector_status::unavailable with an error.
    connector_status get_status(std::uint32_t connector, error_to to = {}) const
    {
        std::uint32_t out = EVCP_STATUS_UNAVAILABLE;
        to(evcp_get_status(cp_, connector, &out));
        return static_cast<connector_status>(out);
    }

    /// The value of a configuration key. errc::unsupported for one that there is not, or that may not
    /// be read. Empty with an error.
    std::string get_key(const std::string& key, error_to to = {}) const
    {
        std::string out(64, '\0');
        evcp_err_t result = EVCP_E_BUFFER;
        while (result == EVCP_E_BUFFER) {    // it may grow between two questions
            std::size_t length = out.size();
            result = evcp_get_key(cp_, detail::text(key), &out[0], &length);
            if (result == EVCP_E_BUFFER)
                out.resize(length + 1);
            else
                out.resize(result == EVCP_OK ? length : 0);
        }
        to(result);
        return out;
    }

    /// What is going on, and what a restart now would cost, as of what the library has dealt with. All zero with
    /// an error, but for the verdict, which is restart_verdict::data then.
    restart_info get_restart(error_to to = {}) const
    {
        restart_info out{};
        out.struct_size = sizeof out;
        const auto code = evcp_get_restart(cp_, &out);
        if (code != EVCP_OK)
            out.verdict = EVCP_RESTART_DATA;
        to(code);
        return out;
    }

    /// How much happened since the start. All zero with an error.
    stats get_stats(error_to to = {}) const
    {
        stats out{};
        out.struct_size = sizeof out;
        to(evcp_get_stats(cp_, &out));
        return out;
    }

private:
    /// What the slots get as user_data. Deleted by the destroy slot and not by ~charge_point(), which
    /// may run inside a handler that is stored in here.
    struct state {
        handlers on;
        std::shared_ptr<detail::shared> shared;

        /// Runs a handler; what it throws goes no further.
        template <class Call>
        void run(Call&& call) noexcept
        {
            try {
                call(on);
            } catch (...) {
                caught(std::current_exception());
            }
        }

        void caught(std::exception_ptr thrown) noexcept
        {
            if (on.on_exception) {
                try {
                    on.on_exception(thrown);
                    return;
                } catch (...) {
                    thrown = std::current_exception();
                }
            }
            shared->keep(std::move(thrown));
        }
    };

    /// Vendor data under way.
    struct pending {
        data_handler done;
        state* owner;    // lives longer: the destroy slot is called last
    };

    static state& self(void* user_data) noexcept { return *static_cast<state*>(user_data); }

    static void destroy(void* user_data) noexcept { delete static_cast<state*>(user_data); }

    static void supplied(void* ud, std::uint32_t connector, const evcp_supply_t* command) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_supply(connector, *command); });
    }

    static void unlock(void* ud, std::uint32_t connector, evcp_req_t req) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_unlock(connector, unlock_reply(self(ud).shared, req)); });
    }

    static void reset(void* ud, bool hard, evcp_req_t req) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_reset(hard, reset_reply(self(ud).shared, req)); });
    }

    static void read(void* ud, std::uint32_t connector, std::uint32_t context, evcp_req_t req) noexcept
    {
        self(ud).run([=](handlers& on) {
            on.on_meter_read(connector, static_cast<reading>(context), meter_reply(self(ud).shared, req));
        });
    }

    static void data(void* ud, const evcp_data_info_t* data, evcp_req_t req) noexcept
    {
        self(ud).run([=](handlers& on) {
            data_reply reply(self(ud).shared, req);    // first: it answers even if memory runs out
            on.on_data_transfer(
                {data->vendor, detail::from_c(data->message), detail::from_c(data->data, data->len)},
                std::move(reply));
        });
    }

    static void judge_key(void* ud, const evcp_key_info_t* key, evcp_req_t req) noexcept
    {
        self(ud).run([=](handlers& on) {
            key_reply reply(self(ud).shared, req);    // first: it answers even if memory runs out
            on.on_key_change(detail::from_info(*key), std::move(reply));
        });
    }

    static void connection(void* ud, const evcp_connection_info_t* link) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_connection(detail::from_info(*link)); });
    }

    static void booted(void* ud, const evcp_boot_info_t* boot) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_boot(detail::from_info(*boot)); });
    }

    static void time(void* ud, std::int64_t unix_ms) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_time(detail::from_unix(unix_ms)); });
    }

    static void authorized(void* ud, const evcp_auth_info_t* auth) noexcept
    {
        self(ud).run([=](handlers& on) {
            on.on_auth({auth->connector, auth->reader, static_cast<brought_by>(auth->by),
                        static_cast<tag_purpose>(auth->purpose), static_cast<auth_status>(auth->status),
                        static_cast<refusal>(auth->why), auth->tag});
        });
    }

    static void timed_out(void* ud, const evcp_timeout_info_t* timeout) noexcept
    {
        self(ud).run([=](handlers& on) {
            on.on_timeout({timeout->connector, timeout->reader, static_cast<brought_by>(timeout->by), timeout->tag});
        });
    }

    static void status_is(void* ud, const evcp_status_info_t* now) noexcept
    {
        self(ud).run([=](handlers& on) {
            on.on_status({now->connector, static_cast<connector_status>(now->status),
                          static_cast<fault_code>(now->error_code),
                          detail::from_c(now->info), detail::from_c(now->vendor_code)});
        });
    }

    static void stepped(void* ud, const evcp_tx_info_t* tx) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_tx(detail::from_info(*tx)); });
    }

    static void availability(void* ud, std::uint32_t connector, bool operative) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_availability(connector, operative); });
    }

    static void key_changed(void* ud, const evcp_key_info_t* key) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_key_changed(detail::from_info(*key)); });
    }

    static void storage(void* ud, const evcp_storage_info_t* storage) noexcept
    {
        self(ud).run([=](handlers& on) {
            on.on_storage({static_cast<storage_state>(storage->state), storage->detail});
        });
    }

    static void framed(void* ud, const evcp_frame_info_t* frame) noexcept
    {
        self(ud).run([=](handlers& on) {
            on.on_frame({static_cast<direction>(frame->direction), detail::from_unix(frame->time_ms),
                         detail::from_c(frame->text, frame->len), frame->masked, frame->dropped});
        });
    }

    static void drained(void* ud, const evcp_restart_info_t* restart) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_drained(*restart); });
    }

    static void reboot(void* ud, bool hard) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_reboot(hard); });
    }

    static void fatal(void* ud, evcp_err_t err, const char* detail) noexcept
    {
        self(ud).run([=](handlers& on) { on.on_fatal(error(err, detail)); });
    }

    static void concluded(void* ud, evcp_err_t err, std::uint32_t answer, const char* data,
                          std::size_t length) noexcept
    {
        const std::unique_ptr<pending> mine(static_cast<pending*>(ud));
        mine->owner->run([&](handlers&) {
            mine->done({std::error_code(err, category()), static_cast<data_status>(answer),
                        detail::from_c(data, length)});
        });
    }

    /// A slot for every handler that is there: an empty one has the default of the library.
    static evcp_callbacks_t slots_for(const handlers& on) noexcept
    {
        evcp_callbacks_t slots{};
        slots.struct_size = sizeof slots;
        slots.destroy = &destroy;
        slots.on_supply = on.on_supply ? &supplied : nullptr;
        slots.on_unlock = on.on_unlock ? &unlock : nullptr;
        slots.on_reset = on.on_reset ? &reset : nullptr;
        slots.on_meter_read = on.on_meter_read ? &read : nullptr;
        slots.on_data_transfer = on.on_data_transfer ? &data : nullptr;
        slots.on_key_change = on.on_key_change ? &judge_key : nullptr;
        slots.on_connection = on.on_connection ? &connection : nullptr;
        slots.on_boot = on.on_boot ? &booted : nullptr;
        slots.on_time = on.on_time ? &time : nullptr;
        slots.on_auth = on.on_auth ? &authorized : nullptr;
        slots.on_timeout = on.on_timeout ? &timed_out : nullptr;
        slots.on_status = on.on_status ? &status_is : nullptr;
        slots.on_tx = on.on_tx ? &stepped : nullptr;
        slots.on_availability = on.on_availability ? &availability : nullptr;
        slots.on_key_changed = on.on_key_changed ? &key_changed : nullptr;
        slots.on_storage = on.on_storage ? &storage : nullptr;
        slots.on_frame = on.on_frame ? &framed : nullptr;
        slots.on_reboot = on.on_reboot ? &reboot : nullptr;
        slots.on_drained = on.on_drained ? &drained : nullptr;
        slots.on_fatal = on.on_fatal ? &fatal : nullptr;
        return slots;
    }

    void swap(charge_point& other) noexcept
    {
        shared_.swap(other.shared_);
        std::swap(state_, other.state_);
        std::swap(cp_, other.cp_);
    }

    std::shared_ptr<detail::shared> shared_;
    state* state_ = nullptr;
    evcp_t* cp_ = nullptr;
};

// ---- Log (one per process) ----------------------------------------------------------------------

/// One line of the log.
struct log_line {
    log_level level;         ///< How much it matters.
    std::string target;      ///< Which part of the library speaks.
    std::string text;        ///< What it says, without a line end.
    std::string identity;    ///< The charge point that it is about, or empty.
};

/// Receives log lines, on any thread, also one of the library: it must not call anything here, nor
/// answer or drop a reply. What it throws is lost.
using log_handler = std::function<void(const log_line&)>;

/// Sends log lines up to `most` to a handler; an empty one stops that. When this returns, the former
/// handler is not running any more, and is deleted. errc::deadlock in a log handler, errc::invalid
/// for a level that there is not: then all stays as it was.
inline void set_log(log_level most, log_handler handler, error_to to = {})
{
    struct slot {
        static void line(void* user_data, const evcp_log_line_t* line) noexcept
        {
            try {
                (*static_cast<log_handler*>(user_data))({static_cast<log_level>(line->level), line->target,
                                                         line->text, detail::from_c(line->identity)});
            } catch (...) {    // on any thread: there is nobody to tell
            }
        }
    };
    // Never destroyed: the library may have something to log until the very end of the process.
    static std::mutex& order = *new std::mutex;
    static std::unique_ptr<log_handler>& current = *new std::unique_ptr<log_handler>;

    const std::lock_guard<std::mutex> lock(order);
    auto next = handler ? std::make_unique<log_handler>(std::move(handler)) : nullptr;
    const evcp_err_t result =
        evcp_set_log(next ? static_cast<std::uint32_t>(most) : 0, next ? &slot::line : nullptr, next.get());
    if (result == EVCP_OK)
        current.swap(next);
    to(result);
}

/// Stops the log; see set_log().
inline void stop_log(error_to to = {}) { set_log(log_level::error, nullptr, to); }

}    // namespace evcp

namespace std {
/// Lets an errc be compared with a std::error_code.
template <>
struct is_error_code_enum<evcp::errc> : true_type {};
}    // namespace std

#endif    // EVCP_HPP
