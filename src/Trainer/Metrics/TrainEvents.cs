namespace SparkTrain.Trainer;

/// <summary>The message templates of everything that training logs.</summary>
public static class TrainEvents
{
    /// <summary>The run begins.</summary>
    public const string Started = "run {Run} | {Parameters:N0} parameters ({NonEmbedding:N0} without embedding) | {Steps:N0} steps × {GlobalBatchTokens:N0} tokens | {Compute} on {Device}, {Ranks} × {Threads} threads";

    /// <summary>The run goes on from a checkpoint.</summary>
    public const string Resumed = "resumed {Run} at step {Step} of {Steps} from {Checkpoint}";

    /// <summary>The ranks' shares do not fill micro-batches of the size that the configuration has.</summary>
    public const string SmallerMicroBatch = "each rank has {Share} sequences of a step and computes {Rows} at a time; Training.MicroBatch = {MicroBatch} is the most";

    /// <summary>The rate that MFU is a share of.</summary>
    public const string Peak = "peak {Teraflops:F2} TFLOP/s over all ranks: {Source}";

    /// <summary>The run was complete already.</summary>
    public const string AlreadyComplete = "run {Run} is complete: {Steps} steps. Train on with a larger Training.Steps, or begin anew under another Run.Name";

    /// <summary>The run has passed the step that it was to leave after.</summary>
    public const string AlreadyThere = "run {Run} is at step {Step} of {Steps} already; it was to leave after step {Until}";

    /// <summary>The run computes in a type that is slow on this processor.</summary>
    public const string ComputeCost = "Training.Compute is BFloat16: {Cost}";

    /// <summary>The run goes on with other data.</summary>
    public const string NewData = "the data are not those of the checkpoint: fingerprint {Now}, the checkpoint has {Before}; the run goes on at sample {Sample} of the new order";

    /// <summary>A checkpoint was passed over.</summary>
    public const string CheckpointSkipped = "checkpoint skipped: {Problem}; it is now {Aside}, the run goes on from {Used}";

    /// <summary>One optimizer step.</summary>
    public const string Step = "step {Step,6}/{Steps} | loss {Loss,6:F3} | bpb {BitsPerByte,5:F3} | lr {Lr:0.00e+0} | gnorm {GradNorm,5:F2} | {TokensPerSecond,7:N0} tok/s | mfu {Mfu,5:P1} | ffn {FfnActiveFraction,5:P1} | keys {AttentionKept,5:F1} | data {DataWaitFraction,4:P1} | eta {Eta}";

    /// <summary>All numbers of a step, for programs.</summary>
    public const string Metrics = "metrics of step {Step}";

    /// <summary>A validation.</summary>
    public const string Validated = "step {Step,6}/{Steps} | validation loss {ValLoss:F4} | {ValBitsPerByte:F4} bits per byte | {Tokens:N0} tokens in {Seconds:F1} s";

    /// <summary>What the model writes behind a prompt.</summary>
    public const string Generated = "step {Step,6}/{Steps} | writes: {Shown}";

    /// <summary>The model could not write; training goes on.</summary>
    public const string NotGenerated = "step {Step}: the model wrote nothing ({Problem}); training goes on";

    /// <summary>Other ranks have waited for half as long as they may.</summary>
    public const string GenerationCut = "step {Step}: the model wrote for {Seconds} s, half of Distributed.TimeoutSeconds, while other ranks waited; the texts are cut there. Ask for fewer or shorter ones";

    /// <summary>A checkpoint was saved.</summary>
    public const string Saved = "step {Step,6}/{Steps} | saved {Checkpoint} in {Seconds:F1} s (training waited {StallMilliseconds:F0} ms)";

    /// <summary>A checkpoint was due while another one was being written.</summary>
    public const string SavePutOff = "step {Step}: the checkpoint is put off until the disk has taken that of step {Writing} ({Times} put off so far; a faster disk or a larger Checkpoint.EverySteps would help)";

    /// <summary>A checkpoint could not be saved; training goes on.</summary>
    public const string SaveFailed = "step {Step}: {Problem}";

    /// <summary>A layer's sparsity has been beyond a limit for several looks.</summary>
    public const string SparsityAlarm = "step {Step}: {Problem}";

    /// <summary>The run was asked to stop.</summary>
    public const string Stopped = "stopped at step {Step} of {Steps}; run the same command again to go on";

    /// <summary>The run is complete.</summary>
    public const string Finished = "run {Run} is complete: {Steps} steps, {Tokens:N0} tokens in {Duration}; the model is in {Model}";
}
