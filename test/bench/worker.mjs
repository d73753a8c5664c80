/** One contestant in a process of its own: runs rounds of one workload when it is told to. */
import { WORKLOADS } from "./workloads.mjs";

const { contestant, workload, kind, url, module } = JSON.parse(process.env.BENCH_JOB);

if (WORKLOADS[workload].process) {
  // Start-up: the process itself is what is measured.
  const { startup } = await import(module);
  const sum = await startup(kind, url);
  process.send({
    ms: performance.now(),
    cpu: cpu(process.cpuUsage()),
    sum,
    rss: process.resourceUsage().maxRSS / 1024,
  });
  process.disconnect();
} else {
  const { open } = await import(module);
  const runner = await open(kind, url);
  process.send({ ready: runner[workload] !== undefined, name: contestant });
  process.on("message", async (message) => {
    if (message === "end") {
      await runner.close?.();
      process.disconnect();
      return;
    }
    try {
      const prepared = await runner.prepare?.[workload]?.();
      globalThis.gc?.({ type: "minor" });
      const before = process.cpuUsage();
      const start = performance.now();
      const result = await runner[workload](prepared, message.round);
      const ms = performance.now() - start;
      const used = cpu(process.cpuUsage(before));
      const { maxRSS } = process.resourceUsage();
      const sum = await runner.sum[workload](result);
      await runner.after?.[workload]?.(prepared, result);
      process.send({ ms, cpu: used, sum, rss: maxRSS / 1024 });
    } catch (error) {
      process.send({ error: error?.stack ?? String(error) });
    }
  });
}

function cpu({ user, system }) {
  return (user + system) / 1000;
}
