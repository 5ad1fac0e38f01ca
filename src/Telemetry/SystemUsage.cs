using System.Diagnostics;
using System.Text.Json.Nodes;

namespace SparkTrain.Telemetry;

/// <summary>What this process takes of its machine, from one look to the next.</summary>
public sealed class SystemUsage
{
    private long lastTime = Stopwatch.GetTimestamp();
    private TimeSpan lastCpu = Environment.CpuUsage.TotalTime;

    /// <summary>Adds <c>system</c>: cores busy since the last look, bytes of memory that the process holds, and that its machine has in all.</summary>
    public void AddTo(JsonObject metrics)
    {
        var (cpu, elapsed) = (Environment.CpuUsage.TotalTime, Stopwatch.GetElapsedTime(lastTime));
        double cores = elapsed > TimeSpan.Zero ? (cpu - lastCpu) / elapsed : 0;
        (lastTime, lastCpu) = (Stopwatch.GetTimestamp(), cpu);
        metrics["system"] = new JsonObject
        {
            ["cores_busy"] = cores,
            ["memory_bytes"] = Environment.WorkingSet,
            ["machine_memory_bytes"] = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        };
    }
}
