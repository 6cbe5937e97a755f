// Starts a charge point that has no network, and stops it: the library is there and works.
#include <evcp.hpp>
#include <exception>
#include <iostream>

int main()
{
    try {
        evcp::config cfg;
        cfg.url("ws://127.0.0.1:9").identity("CONSUMER").device("evcp", "consumer");
        evcp::charge_point cp(cfg, evcp::handlers());
        cp.set_network(false);
        cp.start();
        std::cout << "evcp " << evcp::version() << ": success\n";
        return 0;
    } catch (const std::exception& what) {
        std::cerr << what.what() << '\n';
        return 1;
    }
}
