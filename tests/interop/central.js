// A central system on ocpp-rpc in strict mode: it validates every message by its own schemas.
// Control: a line of JSON on stdin is a call to the charge point {"id", "method", "params"};
// stdout has lines {"event": "listening" | "call" | "answer" | "error" | "bad", ...}.
const { RPCServer } = require("ocpp-rpc");
const readline = require("readline");

const say = (event) => process.stdout.write(JSON.stringify(event) + "\n");
let client = null;
let transactions = 0;
const answers = {
  BootNotification: () => ({ status: "Accepted", currentTime: new Date().toISOString(), interval: 3600 }),
  Heartbeat: () => ({ currentTime: new Date().toISOString() }),
  Authorize: () => ({ idTagInfo: { status: "Accepted" } }),
  StartTransaction: () => ({ transactionId: ++transactions, idTagInfo: { status: "Accepted" } }),
  StopTransaction: () => ({}),
  MeterValues: () => ({}),
  StatusNotification: () => ({}),
};

(async () => {
  const server = new RPCServer({ protocols: ["ocpp1.6"], strictMode: true });
  server.auth((accept) => accept());
  server.on("client", (connected) => {
    client = connected;
    say({ event: "connected", identity: client.identity });
    client.on("strictValidationFailure", ({ error }) => say({ event: "bad", text: String(error.message) }));
    client.handle(({ method, params }) => {
      const answer = answers[method] ? answers[method](params) : {};
      say({ event: "call", method, params, answer });
      return answer;
    });
  });
  const http = await server.listen(0, "127.0.0.1");
  say({ event: "listening", port: http.address().port });
  readline.createInterface({ input: process.stdin }).on("line", async (line) => {
    const { id, method, params } = JSON.parse(line);
    try {
      say({ event: "answer", id, result: await client.call(method, params) });
    } catch (error) {
      say({ event: "error", id, code: error.rpcErrorCode, text: String(error.message) });
    }
  }).on("close", () => process.exit(0));
})();
