namespace SparkTrain.Input;

/// <summary>Reports what a user can put right, in the form where · found · expected · do. Each kind ends the process with an exit code of its own.</summary>
public abstract class UserException : Exception
{
    /// <summary>Composes the message from its four parts.</summary>
    /// <param name="where">The file, key or option that is at fault.</param>
    /// <param name="found">What was found there, without a full stop.</param>
    /// <param name="expected">What belongs there.</param>
    /// <param name="do">What to do about it.</param>
    /// <param name="inner">What it was noticed by.</param>
    protected UserException(string where, string found, string expected, string @do, Exception? inner = null)
        : base(ErrorText.Of(where, found, expected, @do), inner) => (Where, Found, Do) = (where, found, @do);

    /// <summary>Takes a message of another form, such as a list of problems; its parts stay empty.</summary>
    protected UserException(string message)
        : base(message) => (Where, Found, Do) = ("", "", "");

    /// <summary>The file, key or option that is at fault.</summary>
    public string Where { get; }

    /// <summary>What was found there, for lists that have no room for the rest.</summary>
    public string Found { get; }

    /// <summary>What to do about it.</summary>
    public string Do { get; }

    /// <summary>The code that a process which it ends tells its caller; see <see cref="ExitCodes"/>.</summary>
    public abstract int ExitCode { get; }
}
