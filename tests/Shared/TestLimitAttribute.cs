using System.Collections.Concurrent;
using System.Reflection;
using Xunit.v3;

[assembly: SparkTrain.Tests.TestLimit]

namespace SparkTrain.Tests;

/// <summary>Cancels the token of a test that has run for longer than any should: whatever it awaits with the token ends, and the failure shows where that was.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class TestLimitAttribute : BeforeAfterTestAttribute
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    private readonly ConcurrentDictionary<string, Timer> timers = [];

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        var running = TestContext.Current;
        timers[test.UniqueID] = new(_ => running.CancelCurrentTest(), null, Limit, Timeout.InfiniteTimeSpan);
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (timers.TryRemove(test.UniqueID, out var timer)) timer.Dispose();
    }
}
