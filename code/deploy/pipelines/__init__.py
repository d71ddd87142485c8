"""What the jobs of a pipeline call: one module a job, standard library only, so that any image with Python 3.11 runs it.

Jobs run them as ``python3 -m deploy.pipelines.<module>`` from ``code``. They speak to the cluster through
``cluster.run_kubectl``, which chooses the GitLab agent's context (``KUBE_CONTEXT``) or the kubeconfig of a file variable.

Manifests name each app's image ``registry.example.com/sentiment/<app>:0.0.0``; ``images.put_image`` puts the released one in
its place. serve has two colours, and ``colours`` alone knows them, as functions and as
``python3 -m deploy.pipelines.colours WORD``:

- ``deploy(image)`` (``deploy IMAGE``) applies serve's manifest so that the idle colour runs ``image``, leaves the live one as
  it is, and returns when the idle colour is ready;
- ``idle()`` and ``live()`` return (print) a colour, whose Deployment is ``serve-<colour>``;
- ``switch()`` points the Service at the idle colour, ``back()`` at the one before.

All raise ``failure.JobFailedError``, which ``main`` functions turn into a sentence and exit code 1.
"""
