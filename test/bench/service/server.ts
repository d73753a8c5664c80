// One of the two services as a process of its own: argv is `athanor` or `bare`, the database's URL, and nothing else. It tells its port, and on each message its
// CPU time.
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { allShops, openDatabase, SERVING } from "../../../examples/service/database.js";
import { createApp } from "../../../examples/service/http/app.js";
import { createBareApp } from "./bare.js";

const [which, url] = process.argv.slice(2) as ["athanor" | "bare", string];

async function fetchOf(): Promise<(request: Request) => Response | Promise<Response>> {
  if (which === "bare") return (await createBareApp(url)).app.fetch;
  openDatabase(url, SERVING);
  return createApp({ shops: await allShops() }).fetch as never;
}

const server = serve({ fetch: (await fetchOf()) as never, port: 0, hostname: "127.0.0.1" }, () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on("message", () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage().rss }));
process.once("disconnect", () => process.exit());
