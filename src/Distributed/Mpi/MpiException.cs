namespace SparkTrain.Distributed.Mpi;

/// <summary>Reports a call that an MPI library has refused or could not complete.</summary>
public sealed class MpiException : DistributedException
{
    internal MpiException(string call, int errorClass, string text)
        : base($"MPI, {call}", $"{text} (error class {errorClass})", "a call that succeeds", "look for the first error among the messages of all ranks: a rank that has ended or was called differently fails the others") =>
        ErrorClass = errorClass;

    /// <summary>MPI's class of the error, in the numbers of the library in use.</summary>
    public int ErrorClass { get; }
}
