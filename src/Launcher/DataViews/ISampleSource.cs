using SparkTrain.Input;

namespace SparkTrain.Launcher.DataViews;

/// <summary>Samples of a run or documents of a dataset, by number.</summary>
internal interface ISampleSource : IDisposable
{
    /// <summary>What a person must know to read them, a line each.</summary>
    IReadOnlyList<string> Legend { get; }

    /// <summary>Reads them one after another; fewer than <paramref name="count"/> at the end.</summary>
    /// <exception cref="DataException">There is no number <paramref name="first"/>, or a file is damaged.</exception>
    IEnumerable<ShownSample> Read(long first, long count);
}
