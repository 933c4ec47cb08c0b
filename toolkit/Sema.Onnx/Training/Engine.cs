using Sema.Onnx.Averaging;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>What one training step measured.</summary>
/// <param name="Loss">The mean loss before the step.</param>
/// <param name="GradientNorm">The L2 norm of the gradient, before clipping.</param>
internal readonly record struct StepResult(float Loss, float GradientNorm);

/// <summary>The scalars of one update.</summary>
/// <param name="Step">The number of the optimizer step, from 1.</param>
/// <param name="LearningRate">The learning rate.</param>
/// <param name="GradientScale">What gradients are multiplied by: 1 / accumulated batches, times the clipping factor.</param>
/// <param name="Decays">The decay of each shadow.</param>
/// <param name="Own">The optimizer's own scalars.</param>
internal readonly record struct UpdateScalars(long Step, double LearningRate, double GradientScale, IReadOnlyList<double> Decays, IReadOnlyList<double> Own);

/// <summary>Trains on a device: the flat arenas of one run, and the sessions that read and write them in place.</summary>
internal sealed class Engine : IDisposable
{
    private readonly Session _training;
    private readonly Binding _trainingBinding;
    private readonly UpdateRunner _update;
    private readonly RunningStatistics _statistics;
    private readonly HostTensor _target, _loss = new(ElementType.Float32), _norm = new(ElementType.Float32);
    private readonly HostTensor? _logits;
    private readonly Lazy<Blender> _blender;
    private readonly bool[] _moves;

    /// <summary>Loads a folder of training graphs; the weights start from its <c>weights.bin</c>.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="optimizer">The optimizer that <c>update.onnx</c> was made for.</param>
    /// <param name="settings">Where and how to run.</param>
    /// <param name="shadows">What is averaged; by default as much as <c>update.onnx</c> averages.</param>
    /// <exception cref="InvalidModelException">The manifest does not fit the graphs.</exception>
    internal Engine(string folder, Manifest manifest, Optimizer optimizer, SessionSettings settings, IReadOnlyList<Shadow>? shadows = null)
    {
        (Folder, Manifest, Settings) = (folder, manifest, settings);
        _moves = [.. shadows?.Select(s => s.EveryStep) ?? Enumerable.Repeat(true, manifest.Averages)];
        Weights = Arena();
        Gradients = Arena();
        Slots = [.. manifest.Slots.Select(_ => Arena())];
        Shadows = [.. _moves.Select((_, k) => shadows?[k].Slot is { } slot ? Slots[manifest.Slots.Index().First(s => s.Item == slot).Index] : Arena())];
        LoadWeights(Path.Combine(folder, ArtifactFolder.Weights));
        _training = new Session(Path.Combine(folder, ArtifactFolder.Training), settings);
        CheckManifest();
        _trainingBinding = new Binding(_training);
        Inputs = new(manifest.Inputs);
        _target = new HostTensor(manifest.Target.Type, [.. manifest.Target.Shape]);
        Inputs.Bind(_trainingBinding);
        _trainingBinding.BindInput(manifest.Target.Name, _target);
        _trainingBinding.BindOutput(TrainingGraphs.LossName, _loss);
        _trainingBinding.BindOutput(TrainingGraphs.NormName, _norm);
        BindParameters(manifest, _trainingBinding, Weights);
        foreach (var parameter in manifest.Layout.Parameters.Where(p => _training.Outputs.ContainsKey(TrainingGraphs.Gradient(p.Name))))
        {
            var gradient = Gradients.Slice(parameter.Offset, [.. parameter.Shape]);
            _trainingBinding.BindOutput(TrainingGraphs.Gradient(parameter.Name), gradient);
            if (manifest.Accumulate)
                _trainingBinding.BindInput(TrainingGraphs.Accumulator(parameter.Name), gradient);
        }

        _logits = LogitsBuffer();
        _statistics = new RunningStatistics(manifest, Weights, _trainingBinding);
        _update = UpdateRunner.Create(Path.Combine(folder, ArtifactFolder.Update), manifest, this, optimizer, settings);
        _blender = new(() => new Blender(settings));
    }

    /// <summary>Loads a folder of training graphs whose files are those that it was written with.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="optimizer">The optimizer that <c>update.onnx</c> was made for.</param>
    /// <param name="settings">Where and how to run.</param>
    /// <param name="shadows">What is averaged; by default as much as <c>update.onnx</c> averages.</param>
    /// <param name="fresh">Whether the folder was written just now by this very process, so that nobody can have changed it.</param>
    /// <exception cref="InvalidModelException">A file is missing, damaged or foreign.</exception>
    internal static Engine Open(string folder, Optimizer optimizer, SessionSettings settings, IReadOnlyList<Shadow>? shadows = null, bool fresh = false)
    {
        var manifest = Manifest.Read(folder);
        if (!fresh)
            manifest.CheckFiles(folder);
        return new(folder, manifest, optimizer, settings, shadows);
    }

    internal string Folder { get; }

    internal Manifest Manifest { get; }

    internal SessionSettings Settings { get; }

    /// <summary>Gets the trained weights, and behind them the running statistics if they are live.</summary>
    internal Arena Weights { get; }

    /// <summary>Gets the gradients of the last step, or their sum over the accumulated ones.</summary>
    internal Arena Gradients { get; }

    /// <summary>Gets the optimizer's state vectors, in the manifest's order.</summary>
    internal IReadOnlyList<Arena> Slots { get; }

    /// <summary>Gets the shadow weights.</summary>
    internal IReadOnlyList<Arena> Shadows { get; }

    /// <summary>Gets the indices of the shadows that <c>update.onnx</c> moves with every step.</summary>
    internal IEnumerable<int> Continuous => _moves.Index().Where(s => s.Item).Select(s => s.Index);

    /// <summary>Gets the inputs of a step: each exactly a batch.</summary>
    internal InputTensors Inputs { get; }

    /// <summary>Gets the targets of a step.</summary>
    internal Span<byte> Target => _target.Bytes;

    /// <summary>Gets the logits of the last step, float32, or nothing where they are too large to be worth a copy.</summary>
    internal ReadOnlySpan<float> Logits => _logits is null ? [] : _logits.As<float>();

    /// <summary>Gets the number of classes that the logits tell apart; 0 where targets are not classes.</summary>
    internal int Classes => Manifest.ClassAxis < 0 ? 0 : checked((int)Manifest.Prediction.Shape[Manifest.ClassAxis]);

    /// <summary>Computes the loss and the gradients of the batch in <see cref="Inputs"/> and <see cref="Target"/>.</summary>
    /// <param name="statistics">Whether live running statistics take the batch in.</param>
    internal StepResult ComputeGradients(bool statistics = true)
    {
        _training.Run(_trainingBinding);
        if (statistics)
            _statistics.Add();
        return new(_loss.As<float>()[0], _norm.As<float>()[0]);
    }

    /// <summary>Moves the weights and the shadows.</summary>
    internal void Update(UpdateScalars scalars)
    {
        _statistics.Commit();
        _update.Run(scalars);
        foreach (var (k, everyStep) in _moves.Index())
        {
            if (!everyStep && scalars.Decays[k] < 1)
                Mix(Shadows[k], Weights, scalars.Decays[k]);
        }

        if (Manifest.Accumulate)
            Gradients.Clear();
    }

    /// <summary>Forgets the gradients and statistics of batches whose step was not made.</summary>
    internal void Discard()
    {
        _statistics.Discard();
        Gradients.Clear();
    }

    /// <summary>Puts a shadow into the weights: w = keep·w + (1 − keep)·e.</summary>
    /// <param name="decision">What to switch in.</param>
    /// <param name="keepStatistics">Whether the running statistics of the weights stay.</param>
    internal void Switch(SwitchDecision decision, bool keepStatistics = false)
    {
        // Running statistics are a group of their own at the end of the vector.
        var statistics = Manifest.Layout.Groups.Where(g => keepStatistics && !g.Trained).Sum(g => g.Length);
        var kept = new float[statistics];
        Weights.CopyTo<float>(kept, Weights.Length - statistics);
        Mix(Weights, Shadows[decision.Shadow], decision.Keep);
        Weights.CopyFrom<float>(kept, Weights.Length - statistics);
        if (!decision.ClearOptimizer)
            return;
        foreach (var slot in Slots)
            slot.Clear();
    }

    /// <summary>Binds every parameter that a session reads to a flat vector of parameters.</summary>
    /// <param name="manifest">The parameters.</param>
    /// <param name="binding">The session's binding.</param>
    /// <param name="arena">The vector.</param>
    /// <param name="statistics">Gives the running statistics, where they are not the vector's.</param>
    internal static void BindParameters(Manifest manifest, Binding binding, Arena arena, Func<Parameter, DeviceTensor>? statistics = null)
    {
        var apart = statistics is null ? [] : manifest.RunningStatistics.ToHashSet();
        foreach (var parameter in manifest.Layout.Parameters.Where(p => binding.Session.Defaults.ContainsKey(p.Name)))
            binding.BindInput(parameter.Name, apart.Contains(parameter) ? statistics!(parameter) : arena.Slice(parameter.Offset, [.. parameter.Shape]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainingBinding.Dispose();
        _training.Dispose();
        _update.Dispose();
        if (_blender.IsValueCreated)
            _blender.Value.Dispose();
        foreach (IDisposable owned in new IDisposable?[] { Inputs, _target, _loss, _norm, _logits, Weights, Gradients }.OfType<IDisposable>().Concat(Slots).Concat(Shadows.Except(Slots)))
            owned.Dispose();
    }

    // The digests tell of a changed graph, not of a changed manifest.
    private void CheckManifest()
    {
        var given = Manifest.Inputs.Append(Manifest.Target).ToLookup(t => t.Name);
        var fits = _training.Inputs.Values.All(i => given[i.Name].Any() && given[i.Name].All(t => t.Type == i.Type && i.Shape is { IsStatic: true } shape && shape.Sizes.SequenceEqual(t.Shape)))
            && Manifest.ClassAxis >= -1 && Manifest.ClassAxis < Manifest.Prediction.Shape.Count && _training.Outputs.ContainsKey(TrainingGraphs.LogitsName);
        if (!fits)
            throw new InvalidModelException($"The manifest of '{Folder}' tells of other inputs or classes than its graphs have; make the training graphs anew.");
    }

    private Arena Arena() => new(Settings.Device, Manifest.Layout.Length);

    private void LoadWeights(string path)
    {
        using var file = File.OpenRead(path);
        var part = new byte[1 << 22];
        for (long done = 0, all = Manifest.Layout.Length * sizeof(float); done < all;)
        {
            var count = (int)Math.Min(part.Length, all - done);
            file.ReadExactly(part, 0, count);
            Weights.CopyFrom<float>(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(part.AsSpan(0, count)), done / sizeof(float));
            done += count;
        }

        foreach (var shadow in Shadows)
            shadow.CopyFrom(Weights);
    }

    // a ← keep·a + (1 − keep)·b
    private void Mix(Arena a, Arena b, double keep)
    {
        if (keep == 0)
            a.CopyFrom(b);
        else
            _blender.Value.Blend(a, b, keep);
    }

    // Logits are copied for the training accuracy where they are few, as a classifier's are.
    private HostTensor? LogitsBuffer()
    {
        const long Few = 1 << 18;
        var info = _training.Outputs[TrainingGraphs.LogitsName];
        if (Manifest.ClassAxis < 0 || info.Shape is not { IsStatic: true } shape || shape.Count > Few || info.Type != ElementType.Float32)
            return null;
        var logits = new HostTensor(info.Type, shape.Sizes);
        _trainingBinding.BindOutput(TrainingGraphs.LogitsName, logits);
        return logits;
    }
}
