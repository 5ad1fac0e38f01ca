using SparkTrain.Distributed;

namespace SparkTrain.Trainer;

/// <summary>
/// The rate of all ranks that MFU is a share of. A measured one is a lower bound of what the machine can do, as others may have used it meanwhile: where the
/// run itself passes it, it is measured again, and is never less than what the run has reached.
/// </summary>
/// <param name="measure">Measures the rate of this rank, in FLOPs a second, while the others measure theirs.</param>
/// <param name="isGiven">True takes the rate as it is: it is not measured but stands in the configuration.</param>
/// <param name="ranks">The ranks that train together.</param>
/// <param name="report">Receives the rate of all ranks at first and whenever it has changed.</param>
internal sealed class PeakRate(Func<double> measure, bool isGiven, ICollectives ranks, Action<double> report)
{
    /// <summary>FLOPs a second over all ranks; 0 before it is measured.</summary>
    public double Value { get; private set; }

    /// <summary>Measures the rate. All ranks call it at the same time.</summary>
    public void Measure() => Raise(Sum(measure()));

    /// <summary>Returns the share that a rate of all ranks, in FLOPs a second, has of the peak. All ranks call it, with the rate as each has timed it.</summary>
    public double ShareOf(double rate)
    {
        if (!isGiven && Sum(rate) / ranks.WorldSize is var reached && reached > Value) Raise(Math.Max(reached, Sum(measure())));
        return rate / Value;
    }

    private void Raise(double rate)
    {
        Value = rate;
        report(rate);
    }

    private double Sum(double rate)
    {
        double[] sum = [rate];
        ranks.AllReduceSum(sum);
        return sum[0];
    }
}
