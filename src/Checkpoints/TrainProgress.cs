namespace SparkTrain.Checkpoints;

/// <summary>How far a run is. There is no other random or hidden state: initial weights and data order are functions of the seed.</summary>
/// <param name="Step">Optimizer updates done.</param>
/// <param name="Tokens">Tokens trained on.</param>
/// <param name="NextSample">Global index of the next sample: the data cursor.</param>
/// <param name="Seconds">Wall time spent training, over all sessions of the run.</param>
public sealed record TrainProgress(long Step, long Tokens, long NextSample, double Seconds)
{
    /// <summary>The beginning of a run.</summary>
    public static readonly TrainProgress Start = new(0, 0, 0, 0);
}
