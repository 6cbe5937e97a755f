SUMMARY = "Python binding of evcp, an OCPP 1.6-J charge point"
DESCRIPTION = "The package evcp for Python: ctypes over the system's libevcp.so, callbacks and questions in asyncio."
SECTION = "devel/python"

require evcp-source.inc

inherit python_hatchling

# A pure wheel: the library comes from the recipe evcp.
PEP517_SOURCE_PATH = "${S}/bindings/python"

RDEPENDS:${PN} += "evcp python3-asyncio python3-core python3-ctypes python3-logging"
