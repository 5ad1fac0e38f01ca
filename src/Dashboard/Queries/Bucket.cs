namespace SparkTrain.Dashboard;

/// <summary>What is known of a stretch of steps of one metric.</summary>
internal struct Bucket
{
    /// <summary>Number of the stretch: its first step divided by the width.</summary>
    public long Place;

    /// <summary>Finite values in it, and others.</summary>
    public long Count, Bad;
    public double Sum, Min, Max;
    public long First, Last, FirstTime, LastTime;

    /// <summary>The mean of the finite values; where there are none but other ones, NaN.</summary>
    public readonly double Mean => Count == 0 ? double.NaN : Sum / Count;

    /// <summary>The step in its middle.</summary>
    public readonly long Middle => First + (Last - First) / 2;

    /// <summary>Takes in another stretch.</summary>
    public void Add(in Bucket other)
    {
        if (other.Count > 0)
        {
            Min = Count == 0 ? other.Min : Math.Min(Min, other.Min);
            Max = Count == 0 ? other.Max : Math.Max(Max, other.Max);
            // The sum of a bucket without finite values may say which other value it has.
            Sum = Count == 0 ? other.Sum : Sum + other.Sum;
        }
        Count += other.Count;
        Bad += other.Bad;
        (First, Last) = (Math.Min(First, other.First), Math.Max(Last, other.Last));
        (FirstTime, LastTime) = (Math.Min(FirstTime, other.FirstTime), Math.Max(LastTime, other.LastTime));
    }
}
